"""A WebSocket server that echoes, and a client that talks to it: websocket.py serve | talk ADDRESS:PORT

Both are of the websockets package, so nothing here knows how the protocol goes.
"""

import asyncio
import logging
import os
import sys

import websockets

SIZES = [0, 1, 125, 126, 65535, 65536, 1 << 20]  # both sides of each length that a frame's head can say


async def echo(connection):
    async for message in connection:
        await connection.send(message)


async def serve():
    async with websockets.serve(echo, "127.0.0.1", 0, max_size=None) as server:
        host, port = server.sockets[0].getsockname()
        print(f"listening on {host}:{port}", flush=True)
        await asyncio.Future()


async def talk(address):
    async with websockets.connect(f"ws://{address}/chat", max_size=None) as connection:
        for size in SIZES:
            said = os.urandom(size)
            await connection.send(said)
            heard = await connection.recv()
            if heard != said:
                sys.exit(f"{len(heard)} bytes came back for {size}")
        await connection.ping()
    print(f"{len(SIZES)} messages came back, closed with {connection.close_code}")


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)  # a server that is stopped has nothing to say
    try:
        asyncio.run(serve() if sys.argv[1] == "serve" else talk(sys.argv[2]))
    except KeyboardInterrupt:
        pass
