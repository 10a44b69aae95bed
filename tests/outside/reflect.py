#!/usr/bin/env python3
"""A gRPC client that knows the shop by nothing but server reflection.

    tests/outside/reflect.py [--tls FOLDER] 127.0.0.1:9090

With --tls, over TLS, with the CA and the client certificate that `cert dev` has put into the folder; without that
certificate, nobody is served.

Lists the services by reflection v1 and v1alpha, asks for health, creates a customer, a product and orders, pages,
patches with an update mask, meets a stale etag, cancels, signs in and out. One line a step; the exit code is 0 if all went as it must.
It needs grpcio, grpcio-reflection and protobuf (tests/outside/requirements.txt).
"""

import os
import sys
import time
from pathlib import Path

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from grpc_reflection.v1alpha import reflection_pb2

CALL_SECONDS = 15


class Reflected:
    """Services of a server, made from what its reflection says."""

    def __init__(self, channel, version):
        self.channel = channel
        # Both versions have the same messages under different names, so one set of types serves both.
        self.ask = channel.stream_stream(
            f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
            request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
            response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
        )
        self.pool = descriptor_pool.DescriptorPool()
        self.known = set()

    def question(self, **kind):
        request = reflection_pb2.ServerReflectionRequest(**kind)
        answer = next(self.ask(iter([request]), timeout=CALL_SECONDS))
        if answer.HasField("error_response"):
            raise AssertionError(f"{kind}: {answer.error_response.error_message}")
        return answer

    def services(self):
        answer = self.question(list_services="")
        names = (service.name for service in answer.list_services_response.service)
        # Each version lists itself, but not the other.
        return sorted(name for name in names if not name.startswith("grpc.reflection."))

    def add(self, answer):
        """Puts files into the pool, those that they import first."""
        for data in answer.file_descriptor_response.file_descriptor_proto:
            file = descriptor_pb2.FileDescriptorProto.FromString(data)
            if file.name in self.known:
                continue
            self.known.add(file.name)
            for imported in file.dependency:
                if imported not in self.known:
                    self.add(self.question(file_by_filename=imported))
            self.pool.Add(file)

    def service(self, name):
        self.add(self.question(file_containing_symbol=name))
        return self.pool.FindServiceByName(name)

    def message(self, name):
        return message_factory.GetMessageClass(self.pool.FindMessageTypeByName(name))

    def call(self, service, method, values, token=None):
        """Calls an rpc with values as JSON would have them, with an access token if there is one; answers a message."""
        rpc = self.service(service).methods_by_name[method]
        request = json_format.ParseDict(values, self.message(rpc.input_type.full_name)())
        answer = self.message(rpc.output_type.full_name)
        stub = self.channel.unary_unary(f"/{service}/{method}", request_serializer=type(request).SerializeToString,
                                        response_deserializer=answer.FromString)
        metadata = [("authorization", f"Bearer {token}")] if token else None
        return stub(request, timeout=CALL_SECONDS, metadata=metadata)


def step(text):
    print(f"ok  {text}", flush=True)


def equal(what, got, wanted):
    assert got == wanted, f"{what} is {got!r}, not {wanted!r}"


def refused(reflected, service, method, values, code, reason=None, token=None):
    """The call must fail with that code, and its details with that reason."""
    try:
        reflected.call(service, method, values, token)
    except grpc.RpcError as error:
        equal(f"the code of {method} ({error.details()})", error.code(), code)
        details = dict(error.trailing_metadata()).get("grpc-status-details-bin", b"")
        assert reason is None or reason.encode() in details, f"{method}: {reason} is not in {details!r}"
        return error.details()
    raise AssertionError(f"{method} {values} is accepted")


def find_out(channel):
    """Services by both versions of reflection."""
    old, new = Reflected(channel, "v1alpha"), Reflected(channel, "v1")
    services = new.services()
    equal("the list of v1alpha", old.services(), services)
    for name in ["shop.v1.CustomerService", "shop.v1.OrderService", "shop.v1.ProductService", "grpc.health.v1.Health"]:
        assert name in services, f"{name} is not in {services}"
    step(f"reflection v1 and v1alpha list {len(services)} services: {', '.join(services)}")
    for reflected in (old, new):
        for name in services:
            assert reflected.service(name).methods, f"{name} has no methods"
    step(f"every service is described, with {len(new.known)} files")
    return new


def health(shop):
    for name in ["", "shop.v1.OrderService"]:
        answer = shop.call("grpc.health.v1.Health", "Check", {"service": name})
        equal(f"the health of {name!r}", answer.status, 1)
    refused(shop, "grpc.health.v1.Health", "Check", {"service": "no.Such"}, grpc.StatusCode.NOT_FOUND)
    step("health: the process and shop.v1.OrderService are SERVING, no.Such is unknown")


def create(shop, mark):
    customer = shop.call("shop.v1.CustomerService", "CreateCustomer", {
        "customer": {"name": "Grace Hopper", "email": f"grpc-{mark}@example.com", "country": "GB"}})
    step(f"created customer {customer.id}")
    product = shop.call("shop.v1.ProductService", "CreateProduct", {
        "product": {"sku": f"GRPC-{mark}", "name": "Desk lamp", "price": "49.90", "stock": 10}})
    step(f"created product {product.id}")
    orders = []
    for count in range(3):
        orders.append(shop.call("shop.v1.OrderService", "CreateOrder", {"order": {
            "number": f"GRPC-{mark}-{count}", "customer_id": customer.id,
            "lines": [{"product_id": product.id, "quantity": 2}]}}))
        equal("the total", orders[-1].total, "99.80")
        equal("the status", orders[-1].status, 1)
    step(f"created {len(orders)} orders of {orders[0].total}")
    equal("the stock", shop.call("shop.v1.ProductService", "GetProduct", {"id": product.id}).stock, 4)
    step("the stock went down to 4")
    return customer, product, orders


def page(shop, customer, orders):
    query = {"page_size": 2, "filter": f'customer_id = "{customer.id}"', "order_by": "number"}
    found, token, pages = [], "", 0
    while pages < 5:
        answer = shop.call("shop.v1.OrderService", "ListOrders", {**query, "page_token": token})
        found += [order.number for order in answer.data]
        equal("the total", answer.total, 3)
        token, pages = answer.next_page_token, pages + 1
        if not token:
            break
    equal("the orders", found, [order.number for order in orders])
    step(f"paged through {len(found)} orders in {pages} pages")
    skipped = shop.call("shop.v1.OrderService", "ListOrders", {**query, "skip": 2})
    equal("the orders behind two", [order.number for order in skipped.data], [orders[2].number])
    refused(shop, "shop.v1.OrderService", "ListOrders", {"page_size": 101}, grpc.StatusCode.INVALID_ARGUMENT, "page_size")
    step("skipped two; a page of 101 is INVALID_ARGUMENT")


def change(shop, order):
    etag = f'"{order.version}"'
    patch = {"order": {"id": order.id, "note": "Please ring twice."}, "update_mask": "note", "etag": etag}
    changed = shop.call("shop.v1.OrderService", "UpdateOrder", patch)
    equal("the note", changed.note, "Please ring twice.")
    equal("the number", changed.number, order.number)
    assert changed.version > order.version, "the version stays"
    step(f"patched the note alone: version {order.version} to {changed.version}")
    text = refused(shop, "shop.v1.OrderService", "UpdateOrder", patch, grpc.StatusCode.ABORTED, "PRECONDITION_FAILED")
    step(f"the stale etag {etag} is ABORTED: {text}")


def cancel(shop, order, product):
    values = {"id": order.id, "reason": "Ordered twice."}
    equal("the status", shop.call("shop.v1.OrderService", "CancelOrder", values).status, 3)
    equal("the stock", shop.call("shop.v1.ProductService", "GetProduct", {"id": product.id}).stock, 6)
    step("cancelled the order; its stock is back")
    refused(shop, "shop.v1.OrderService", "CancelOrder", values, grpc.StatusCode.FAILED_PRECONDITION, "FAILED_PRECONDITION")
    step("cancelling again is FAILED_PRECONDITION")
    nobody = {"id": "00000000-0000-7000-8000-000000000000"}
    refused(shop, "shop.v1.OrderService", "GetOrder", nobody, grpc.StatusCode.NOT_FOUND, "NOT_FOUND")
    step("an unknown order is NOT_FOUND")


def sign_in(shop, mark):
    """The life of a session, and what becomes of one whose refresh token comes twice."""
    auth, nobody = "arcana.identity.v1.AuthService", grpc.StatusCode.UNAUTHENTICATED
    email, password = f"grpc-auth-{mark}@example.com", "correct horse battery"
    shop.call(auth, "Register", {"name": "Ada", "email": email, "password": password})
    refused(shop, auth, "Login", {"email": email, "password": "a guess"}, nobody, "INVALID_CREDENTIALS")
    first = shop.call(auth, "Login", {"email": email.upper(), "password": password})
    me = shop.call(auth, "GetMe", {}, first.access_token)
    equal("the address", me.email, email)
    equal("the roles", list(me.roles), ["user"])
    refused(shop, "arcana.identity.v1.UserService", "ListUsers", {}, grpc.StatusCode.PERMISSION_DENIED, "FORBIDDEN",
            first.access_token)
    step("registered, signed in, and may do what a user may")
    second = shop.call(auth, "Refresh", {"refresh_token": first.refresh_token})
    shop.call(auth, "Logout", {}, second.access_token)
    refused(shop, auth, "GetMe", {}, nobody, "UNAUTHORIZED", second.access_token)
    refused(shop, auth, "Refresh", {"refresh_token": second.refresh_token}, nobody, "UNAUTHORIZED")
    step("refreshed, signed out, and both tokens are good for nothing")
    third = shop.call(auth, "Login", {"email": email, "password": password})
    fourth = shop.call(auth, "Refresh", {"refresh_token": third.refresh_token})
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            # Within its grace it is answered again: the first answer may have got lost.
            shop.call(auth, "Refresh", {"refresh_token": third.refresh_token})
            time.sleep(0.5)
        except grpc.RpcError as error:
            equal("the code of a refresh token that comes twice", error.code(), nobody)
            break
    else:
        raise AssertionError("a refresh token can be used again and again")
    refused(shop, auth, "Refresh", {"refresh_token": fourth.refresh_token}, nobody, "UNAUTHORIZED")
    refused(shop, auth, "GetMe", {}, nobody, "UNAUTHORIZED", fourth.access_token)
    step("a refresh token that came twice ended its session, with all that came of it")


def connect(folder, target, shown=True):
    """A channel, over TLS if there is a folder, with the client certificate if that is to be shown."""
    options = [("grpc.enable_http_proxy", 0)]
    if folder is None:
        return grpc.insecure_channel(target, options=options)
    read = lambda name: (Path(folder) / name).read_bytes()
    own = (read("client.key"), read("client.pem")) if shown else (None, None)
    return grpc.secure_channel(target, grpc.ssl_channel_credentials(read("ca.pem"), *own), options=options)


def refuse_strangers(folder, target):
    with connect(folder, target, shown=False) as channel:
        try:
            Reflected(channel, "v1").services()
        except grpc.RpcError as error:
            equal("the code of a client without a certificate", error.code(), grpc.StatusCode.UNAVAILABLE)
            step("a client without a certificate is not served")
            return
    raise AssertionError("a client without a certificate is served")


def main():
    mark = f"{int(time.time())}{os.getpid()}"
    folder, target = (sys.argv[2], sys.argv[3]) if sys.argv[1] == "--tls" else (None, sys.argv[1])
    with connect(folder, target) as channel:
        try:
            grpc.channel_ready_future(channel).result(timeout=CALL_SECONDS)
            shop = find_out(channel)
            health(shop)
            customer, product, orders = create(shop, mark)
            page(shop, customer, orders)
            change(shop, orders[0])
            cancel(shop, orders[1], product)
            sign_in(shop, mark)
            if folder is not None:
                refuse_strangers(folder, target)
        except (AssertionError, grpc.RpcError, grpc.FutureTimeoutError) as error:
            text = f"{error.code()}: {error.details()}" if isinstance(error, grpc.RpcError) and hasattr(error, "code") else error
            print(f"FAILED  {text!s}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    if len(sys.argv) != (4 if "--tls" in sys.argv[:2] else 2) or sys.argv[1] in ("-h", "--help"):
        sys.exit(__doc__)
    sys.exit(main())
