"""TLS towards servers: which certificates are accepted, and in one sentence why one is not.

A certificate is always verified, with the name of the host. TLS is of version 1.2 at least.

A process that eventlet patches imports this module natively (`shared.runtime.native_threads`): a context that was made of the patched
`ssl` is none for pika. So what is imported before the patch, such as the settings, knows `shared.certificates` alone.
"""

import re
import ssl

from shared.certificates import Certificates

OTHER_NAME, OTHER_IP_ADDRESS, EXPIRED, NOT_YET_VALID = 62, 64, 10, 9  # X509_V_ERR_… of OpenSSL
NO_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG")
TOO_OLD = ("UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION")
ALERT = re.compile(r"(?:SSL|TLS)V?[0-9]*_ALERT_[A-Z_]*(?:CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED|HANDSHAKE_FAILURE|DECRYPT_ERROR)[A-Z_]*")


class UnusableFile(OSError):
    """A file of certificates or keys that is missing or holds something else. The text is a sentence."""


def client_context(certificates: Certificates) -> ssl.SSLContext:
    """Made again for each connection: a file that was replaced counts from then on.

    Raises:
        UnusableFile: a file is missing, or holds something else.
    """
    try:
        context = ssl.create_default_context(cafile=certificates.authorities or None)
    except OSError as fault:
        raise UnusableFile(f"no authority can be read in {certificates.authorities}: {why(fault)}") from fault
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    if certificates.own:
        try:  # without a function for the password OpenSSL asks on the terminal
            context.load_cert_chain(certificates.own, certificates.key or None, lambda: certificates.password)
        except OSError as fault:
            files = " and ".join(file for file in (certificates.own, certificates.key) if file)
            raise UnusableFile(f"no certificate with its key can be read in {files}: {why(fault)}") from fault
    return context


def why(fault: OSError) -> str:
    """What is wrong with a file, without what OpenSSL says around it."""
    if isinstance(fault, ssl.SSLError):
        return "there is none in PEM, or its password is another" if fault.reason is None else str(fault.reason).lower().replace("_", " ")
    return fault.strerror or str(fault)


def refusal(fault: BaseException, host: str) -> str | None:
    """Why TLS with a server fails for a reason that does not pass by itself: a predicate of the server. None if it may pass."""
    if isinstance(fault, ssl.SSLCertVerificationError):
        return of_certificate(fault, host)
    reason = (fault.reason or "") if isinstance(fault, ssl.SSLError) else ""
    if reason in NO_TLS:
        return "does not answer in TLS: is this the port of TLS?"
    if reason in TOO_OLD:
        return "knows no TLS of version 1.2 or later."
    if alert := ALERT.search(str(fault)):  # some libraries keep the text alone
        return f"asks for a certificate of ours, or does not accept it ({alert[0]})."
    return None


def of_certificate(fault: ssl.SSLCertVerificationError, host: str) -> str:
    if fault.verify_code in (OTHER_NAME, OTHER_IP_ADDRESS):
        return f"shows a certificate for another name than {host}."
    if fault.verify_code == EXPIRED:
        return "shows a certificate that has expired."
    if fault.verify_code == NOT_YET_VALID:
        return "shows a certificate that is not valid yet."
    return f"shows a certificate of no authority that is trusted here: {fault.verify_message}."
