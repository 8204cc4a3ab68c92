"""A second floor of the benchmark of commands: FastAPI and psycopg insert a row and commit it, and nothing else.

python -m tests.bench.fastapi_insert DSN PORT
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import psycopg
import uvicorn
from fastapi import FastAPI
from msgspec import Struct
from psycopg_pool import AsyncConnectionPool
from pydantic import BaseModel

CONNECTIONS = 16
TABLE = "create table if not exists inserted (id uuid primary key, text text not null)"
INSERT = "insert into inserted values (%s, %s)"


class Row(BaseModel):
    id: UUID
    text: str


class Opened(Struct):
    pool: AsyncConnectionPool | None = None


def application(dsn: str) -> FastAPI:
    opened = Opened()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncConnectionPool(dsn, min_size=CONNECTIONS, max_size=CONNECTIONS) as opened.pool:
            yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/insert", status_code=201)
    async def insert(row: Row) -> dict[str, UUID]:
        assert opened.pool is not None
        async with opened.pool.connection() as connection:
            await connection.execute(INSERT, (row.id, row.text))
        return {"id": row.id}

    return app


def main(dsn: str, port: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(TABLE)
    uvicorn.run(application(dsn), host="127.0.0.1", port=int(port), log_level="error")


if __name__ == "__main__":
    main(*sys.argv[1:3])
