#!/usr/bin/env python3
"""sslyze judges the ports of a service that serves TLS.

    tests/outside/tls.py FOLDER PORT…

FOLDER is one that `cert dev` has made: its CA is trusted, and its client certificate shown to who asks for one. Each port
must follow Mozilla's "intermediate" configuration, be open to no attack that sslyze knows, and have a certificate of that
CA for localhost. One thing is owed to a certificate that one makes for oneself, and is not asked for: that the public
stores of CAs trust it. The header that makes browsers refuse plain text for years (HSTS), which Mozilla recommends, is for
whoever owns the name of the host; sslyze does not ask for it either.
"""

import sys
from pathlib import Path

from sslyze import (
    CertificateInfoExtraArgument,
    ClientAuthenticationCredentials,
    ScanCommandAttemptStatusEnum,
    ScanCommandsExtraArguments,
    Scanner,
    ServerNetworkConfiguration,
    ServerNetworkLocation,
    ServerScanRequest,
    ServerScanStatusEnum,
)
from sslyze.mozilla_tls_profile.tls_config_checker import (
    MozillaTlsConfiguration,
    ServerNotCompliantWithTlsConfiguration,
    TlsConfigurationEnum,
    check_server_against_tls_configuration,
)


def request(folder, port):
    return ServerScanRequest(
        server_location=ServerNetworkLocation(hostname="localhost", port=port, ip_address="127.0.0.1"),
        network_configuration=ServerNetworkConfiguration(
            tls_server_name_indication="localhost",
            tls_client_auth_credentials=ClientAuthenticationCredentials(
                certificate_chain_path=folder / "client.pem", key_path=folder / "client.key"),
        ),
        scan_commands_extra_arguments=ScanCommandsExtraArguments(
            certificate_info=CertificateInfoExtraArgument(custom_ca_file=folder / "ca.pem")),
    )


def findings(result):
    """What is wrong with a port, in words."""
    if result.scan_status != ServerScanStatusEnum.COMPLETED:
        return [f"it cannot be scanned: {result.connectivity_error_trace or result.scan_status}"]
    scan = result.scan_result
    # A gRPC server has no headers of HTTP/1.1 to look at.
    attempts = {name: attempt for name, attempt in vars(scan).items() if name != "http_headers"}
    found = [f"{name} did not end: {attempt.error_trace}" for name, attempt in attempts.items()
             if attempt.status != ScanCommandAttemptStatusEnum.COMPLETED]
    if found:
        return found
    try:
        check_server_against_tls_configuration(
            result, MozillaTlsConfiguration.get(TlsConfigurationEnum.MOZILLA_INTERMEDIATE))
    except ServerNotCompliantWithTlsConfiguration as error:
        found += [f"{name}: {words}" for name, words in error.issues.items()]
    for version in ("tls_1_2", "tls_1_3"):
        if not getattr(scan, f"{version}_cipher_suites").result.accepted_cipher_suites:
            found.append(f"{version} is not served")
    if scan.session_renegotiation.result.is_vulnerable_to_client_renegotiation_dos:
        found.append("clients can renegotiate")
    if scan.tls_1_3_early_data.result.supports_early_data:
        found.append("early data is taken, which can be replayed")
    for deployment in scan.certificate_info.result.certificate_deployments:
        own = [store for store in deployment.path_validation_results if store.trust_store.path.name == "ca.pem"]
        if not own or not all(store.was_validation_successful for store in own):
            found.append("the certificate is not one of the CA for localhost")
    return found


def main():
    folder, ports = Path(sys.argv[1]), [int(port) for port in sys.argv[2:]]
    scanner = Scanner()
    scanner.queue_scans([request(folder, port) for port in ports])
    wrong = 0
    for result in scanner.get_results():
        found = findings(result)
        wrong += len(found)
        print(f"{'FAILED' if found else 'ok'}  port {result.server_location.port}: "
              f"{'; '.join(found) or 'as Mozilla intermediate has it, and open to no known attack'}", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] in ("-h", "--help"):
        sys.exit(__doc__)
    sys.exit(main())
