"""What the stream of figures has by now."""

import msgspec
import pika

from services.reporting.change_answers import FiguresMoved
from shared.bus.names import SOLE

SILENCE_S = 0.5  # after which no more is expected

decode = msgspec.json.Decoder(FiguresMoved).decode


def messages(uri: str) -> list[FiguresMoved]:
    """In the order of the stream, each with what readers find beside it."""
    found = []
    with pika.BlockingConnection(pika.URLParameters(uri)) as connection:
        channel = connection.channel()
        channel.basic_qos(prefetch_count=100)
        for method, properties, body in channel.consume(SOLE.figures, arguments={"x-stream-offset": "first"}, inactivity_timeout=SILENCE_S):
            if method is None:
                break
            found.append(decode(body))
            assert (properties.message_id, properties.content_type) == (found[-1].id, "application/json")
            channel.basic_ack(method.delivery_tag)
        channel.cancel()
    return found
