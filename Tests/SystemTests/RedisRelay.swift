import FreePorts
import Glibc
import TestSupport

/// The network between machines and their Redis server: a TCP relay in a process of its own. It is slow, it stops, or
/// it keeps what is on its way and lets it go when nobody waits for it any more.
final class RedisRelay {
    private let folder: Folder
    private let program: Program
    let port: Int

    /// Every write comes so many seconds late.
    init(to redis: RedisServer, delaySeconds: Double = 0) throws {
        folder = try Folder()
        port = try Ports.free()
        let words = ["-c", RedisRelay.script, folder.path, "\(port)", "\(redis.port)", "\(delaySeconds)"]
        let program = try Program("/usr/bin/python3", words, in: folder)
        self.program = program
        try eventually("the relay listens") { program.isRunning && program.output.contains("listening") }
    }
    var address: String { "redis://127.0.0.1:\(port)" }
    /// Nothing goes through, and nobody is told.
    func stop() { program.signal(SIGSTOP) }
    func goOn() { program.signal(SIGCONT) }
    /// What comes on the connections that are open now does not reach the server until `letGo`. New connections work.
    func hold() throws { try tell(SIGUSR1, "holding") }
    func letGo() throws { try tell(SIGUSR2, "letting go") }
    /// Cuts the connections that are open. What they have brought is kept.
    func cut() throws { try tell(SIGHUP, "cutting") }

    private func tell(_ signal: Int32, _ word: String) throws {
        func count() -> Int { program.output.split(separator: "\n").filter { $0 == word }.count }
        let before = count()
        program.signal(signal)
        try eventually("the relay is \(word)") { count() > before }
    }

    private static let script = """
        import asyncio, signal, sys
        port, server, delay = int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
        gates, clients = set(), set()

        def hold():
            for gate in gates:
                gate.clear()
            print("holding", flush=True)

        def let_go():
            for gate in gates:
                gate.set()
            print("letting go", flush=True)

        def cut():
            for client in clients:
                client.transport.abort()
            print("cutting", flush=True)

        async def pump(reader, writer, gate):
            try:
                while True:
                    try:
                        data = await reader.read(65536)
                    except OSError:
                        data = b""
                    if delay:
                        await asyncio.sleep(delay)
                    await gate.wait()
                    if not data:
                        break
                    writer.write(data)
                    await writer.drain()
            except OSError:
                pass
            writer.close()

        async def relay(reader, writer):
            gate = asyncio.Event()
            gate.set()
            gates.add(gate)
            clients.add(writer)
            open_gate = asyncio.Event()
            open_gate.set()
            try:
                back, forth = await asyncio.open_connection("127.0.0.1", server)
                await asyncio.gather(pump(reader, forth, gate), pump(back, writer, open_gate))
            except OSError:
                writer.close()
            gates.discard(gate)
            clients.discard(writer)

        async def main():
            loop = asyncio.get_running_loop()
            for number, action in ((signal.SIGUSR1, hold), (signal.SIGUSR2, let_go), (signal.SIGHUP, cut)):
                loop.add_signal_handler(number, action)
            listener = await asyncio.start_server(relay, "127.0.0.1", port)
            print("listening", flush=True)
            async with listener:
                await listener.serve_forever()

        asyncio.run(main())
        """
}
