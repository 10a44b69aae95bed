// A client of the shop, made from its contract and nothing else: it takes an order from the first customer to the
// cancellation. tests/outside/contract.sh makes `contract.d.ts` beside a copy of this file, checks the types strictly,
// and runs it.
//
//   node client.ts http://127.0.0.1:8080

import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { components, paths } from "./contract";

type Problem = components["schemas"]["Problem"];

const api = createClient<paths>({ baseUrl: process.argv[2] ?? "" });
const unique = Date.now().toString(36).toUpperCase();

/** What an answer holds, or the problem that it is instead. */
function must<T>({ data, error }: { data?: T; error?: Problem }): T {
  if (error) assert.fail(`${error.code}: ${error.message} ${JSON.stringify(error.errors ?? [])}`);
  assert(data !== undefined);
  return data;
}

const customer = must(
  await api.POST("/api/v1/customers", { body: { name: "Grace Hopper", email: `${unique.toLowerCase()}@example.com` } }),
);
const product = must(
  await api.POST("/api/v1/products", { body: { sku: `TS-${unique}`, name: "Desk lamp", price: "49.90", stock: 5 } }),
);
const lines = [{ product_id: product.id, quantity: 2 }];
const created = await api.POST("/api/v1/orders", { body: { number: `TS-${unique}`, customer_id: customer.id, lines } });
const order = must(created);
assert.equal(order.total, "99.80");
assert.equal(order.note, null);
assert.equal(created.response.headers.get("location"), `/api/v1/orders/${order.id}`);

const path = { id: order.id };
assert.deepEqual(must(await api.GET("/api/v1/orders/{id}", { params: { path } })), order);
const query = { customer_id: customer.id, sort: ["total" as const], order: ["desc" as const], size: 5 };
const page = must(await api.GET("/api/v1/orders", { params: { query } }));
// A list is exported as text where that is what the client accepts; this one accepts JSON.
assert(typeof page !== "string");
assert.deepEqual(page.data, [order]);

const header = { "If-Match": created.response.headers.get("etag") ?? "" };
const patched = must(await api.PATCH("/api/v1/orders/{id}", { params: { path, header }, body: { note: "Ring twice." } }));
assert.equal(patched.note, "Ring twice.");
const stale = await api.PATCH("/api/v1/orders/{id}", { params: { path, header }, body: { note: "Too late." } });
assert.equal(stale.response.status, 412);
assert.equal(stale.error?.code, "PRECONDITION_FAILED");

const cancelled = await api.POST("/api/v1/orders/{id}:cancel", { params: { path }, body: { reason: "Ordered twice." } });
assert.equal(must(cancelled).status, "ORDER_STATUS_CANCELLED");

const refused = await api.POST("/api/v1/orders", { body: { number: "", customer_id: customer.id, lines } });
const problem: Problem | undefined = refused.error;
assert.equal(refused.response.headers.get("content-type"), "application/problem+json");
assert.equal(problem?.code, "VALIDATION_FAILED");
assert.deepEqual(problem.errors?.map(({ field, rule }) => [field, rule]), [["number", "string.min_len"]]);
// @ts-expect-error: the contract says that an order has lines.
assert.equal((await api.POST("/api/v1/orders", { body: { number: "X", customer_id: customer.id } })).response.status, 400);
console.log(`ok  a typed client took order ${order.number} from creation to cancellation`);
