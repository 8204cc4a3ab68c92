"""The brokers of an address: one, or several separated by `;`, which are tried in turn.

    amqps://reader:…@broker-1/parcours?cacertfile=/etc/ssl/ours.pem;amqps://reader:…@broker-2/parcours?cacertfile=/etc/ssl/ours.pem

The options of TLS are those of RabbitMQ (https://www.rabbitmq.com/docs/uri-query-parameters): `cacertfile` (by default the authorities
of the system), `certfile`, `keyfile`, `server_name_indication`. The certificate and its name are always verified. Other options are pika's.
"""

import ssl
from urllib.parse import parse_qsl, urlencode, urlsplit

import pika

OPENING_TIMEOUT_S = 3.0  # for one broker: to connect, to agree on TLS, and to open the connection of AMQP
LIMITS = ("socket_timeout", "stack_timeout")
OF_TLS = ("cacertfile", "certfile", "keyfile", "server_name_indication", "verify")
SECURE = "amqps"


def parameters_of(uri: str) -> list[pika.ConnectionParameters]:
    """What pika needs for each.

    Raises:
        ValueError: an option means nothing, or some have TLS and others do not.
        OSError: a file of certificates cannot be read.
    """
    each = uri.split(";")
    if len({urlsplit(one).scheme for one in each}) > 1:
        raise ValueError("all brokers of an address have TLS (amqps://), or none has")
    return [of_one(one) for one in each]


def of_one(uri: str) -> pika.ConnectionParameters:
    place = urlsplit(uri)
    options = dict(parse_qsl(place.query))
    tls = {name: options.pop(name) for name in OF_TLS if name in options}
    parameters = pika.URLParameters(place._replace(query=urlencode(options)).geturl())
    for limit in LIMITS:
        if limit not in options:
            setattr(parameters, limit, OPENING_TIMEOUT_S)
    if place.scheme == SECURE:
        parameters.ssl_options = pika.SSLOptions(context_of(tls), tls.get("server_name_indication", parameters.host))
    elif tls:
        raise ValueError(f"options of TLS belong to amqps://: {', '.join(tls)}")
    return parameters


def context_of(tls: dict[str, str]) -> ssl.SSLContext:
    if tls.get("verify", "verify_peer") != "verify_peer":
        raise ValueError("a certificate is always verified: verify=verify_peer")
    context = ssl.create_default_context(cafile=tls.get("cacertfile"))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if "certfile" in tls:
        context.load_cert_chain(tls["certfile"], tls.get("keyfile"))
    return context
