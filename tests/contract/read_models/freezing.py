"""A process that begins a transaction of the read models, and commits it when it is told to.

python -m tests.contract.read_models.freezing URL
"""

import sys

from sqlalchemy import update

from services.reporting.facts.tables import TABLES
from services.reporting.projection.read_models import ReadModels
from shared.errors import Unavailable

models = ReadModels(sys.argv[1])
try:
    with models.writing() as connection:
        connection.execute(update(TABLES["checkpoint"]).values(position=99))
        print("writing", flush=True)
        sys.stdin.readline()
except Unavailable:
    print("refused", flush=True)
else:
    print("committed", flush=True)
