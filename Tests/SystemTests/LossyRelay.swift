import TestSupport

/// A UDP relay between a viewer and the hub, in a process of its own. It loses a share of the datagrams in both
/// directions.
final class LossyRelay {
    private let program: Program
    /// The port that the viewer sends to.
    let port: Int

    init(_ appliance: Appliance, share: Double, seed: Int) throws {
        let relay = try Program(
            "/usr/bin/python3", ["-c", LossyRelay.script, "\(appliance.statsPort)", "\(share)", "\(seed)"],
            in: appliance.folder)
        program = relay
        port = try eventually("the relay's port") { relay.output.split(separator: "\n").first.flatMap { Int($0) } }
    }

    /// Datagrams that found no room at its ports.
    var dropped: Int { Processes.udpPorts(program.pid).reduce(0) { $0 + Processes.udpState($1).dropped } }
    /// The numbers of the hub's datagrams that were lost, by boot id.
    func lost() -> [UInt64: Set<UInt32>] {
        var lost: [UInt64: Set<UInt32>] = [:]
        for line in program.output.split(separator: "\n").dropFirst() {
            let words = line.split(separator: " ")
            if words.count == 2, let boot = UInt64(words[0]), let sequence = UInt32(words[1]) {
                lost[boot, default: []].insert(sequence)
            }
        }
        return lost
    }

    private static let script = """
        import random, select, socket, struct, sys
        hub, share, chance = ("127.0.0.1", int(sys.argv[1])), float(sys.argv[2]), random.Random(int(sys.argv[3]))
        near, far = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        for one in (near, far):
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            one.bind(("127.0.0.1", 0))
        print(near.getsockname()[1], flush=True)
        viewer = None
        while True:
            for ready in select.select([near, far], [], [])[0]:
                datagram, sender = ready.recvfrom(2048)
                is_lost = chance.random() < share
                if ready is near:
                    viewer = sender
                    if not is_lost:
                        far.sendto(datagram, hub)
                elif is_lost:
                    print(*struct.unpack(">QI", datagram[8:20]), flush=True)
                elif viewer:
                    near.sendto(datagram, viewer)
        """
}
