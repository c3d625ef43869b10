"""Prints the numbers that a publisher sends, in an asyncio loop. usage: program.py SHIM SERVICE"""
import asyncio
import ctypes
import sys

shim = ctypes.CDLL(sys.argv[1])
shim.numbers_open.restype = ctypes.c_void_p
shim.numbers_next.restype = ctypes.c_uint64
for name in ("handle", "ready", "next", "close"):
    getattr(shim, "numbers_" + name).argtypes = [ctypes.c_void_p]


async def main():
    numbers = shim.numbers_open(sys.argv[2].encode())
    end = asyncio.get_running_loop().create_future()

    def readable():
        while shim.numbers_ready(numbers):
            while number := shim.numbers_next(numbers):
                print(number, flush=True)
                if number == 999 and not end.done():
                    end.set_result(None)

    asyncio.get_running_loop().add_reader(shim.numbers_handle(numbers), readable)
    await end
    shim.numbers_close(numbers)


asyncio.run(main())
