import Glibc
import Stats
import TestSupport

/// A viewer of the stats channel, such as megatop. It subscribes at the hub and reads what comes.
final class StatsViewer {
    let descriptor: Int32
    var reader: StatsReader
    private var writer: StatsWriter
    private let hub: sockaddr_in
    private(set) var answers: [UInt16] = []
    private(set) var events: [String] = []
    private(set) var histories: [StatsHistory] = []
    /// Counters that became smaller within one life of a process: that would be a fault of it.
    private(set) var wentBack: Set<String> = []
    private var before: [UInt64: MetricValues] = [:]
    /// Good datagrams that came.
    private(set) var taken = 0

    /// Seconds between two renewals of a lease of 10 s. There are enough that some get through a relay that loses a
    /// third.
    private static let renewalSeconds = 1.0
    /// The number of the first datagram of each life.
    private(set) var firstSequence: [UInt64: UInt32] = [:]

    /// `port` is that of a relay between it and the hub.
    init(_ appliance: Appliance, port: Int? = nil, token: StatsToken? = nil) throws {
        let text = contents(ofFile: appliance.folder.path + "/run/stats.token")
        guard let secret = token ?? StatsToken(hex: text) else { throw Failure("no token in the run directory") }
        reader = StatsReader(token: secret)
        descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        hub = StatsViewer.loopback(UInt16(port ?? appliance.statsPort))
        var header = StatsPacket.Header()
        header.boot = 12345
        header.role = .reader
        writer = StatsWriter(header, token: secret)
        var size: Int32 = 1 << 20
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        var patience = timeval(tv_sec: 0, tv_usec: 50_000)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }
    deinit { close(descriptor) }

    /// Datagrams that found no room here or at the hub, while this machine was busy.
    var dropped: Int {
        var (address, size) = (sockaddr_in(), socklen_t(MemoryLayout<sockaddr_in>.size))
        _ = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
        }
        return [address.sin_port, hub.sin_port].reduce(0) {
            $0 + Processes.udpState(Int(UInt16(bigEndian: $1))).dropped
        }
    }

    private static func loopback(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }

    func send(_ bytes: [UInt8]) {
        var address = hub
        _ = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(descriptor, bytes, bytes.count, 0, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
    func ask(_ kind: StatsPacket.Kind, _ wish: StatsPacket.Wish = .renew) {
        var datagram: [UInt8] = []
        writer.send(kind, state: wish.rawValue, sampleTime: 0, wallTime: 0) { datagram = Array($0) }
        send(datagram)
    }

    /// Takes datagrams until `isEnough`, and renews its lease meanwhile. Throws at the deadline.
    func watch(_ what: String, seconds: Double = 30, until isEnough: () throws -> Bool) throws {
        var room = [UInt8](repeating: 0, count: 2048)
        var renewal = Deadline(seconds: StatsViewer.renewalSeconds)
        try eventually(what, seconds: seconds) {
            for _ in 0..<200 {
                if renewal.isOver {
                    ask(.subscribe)
                    renewal = Deadline(seconds: StatsViewer.renewalSeconds)
                }
                let count = recv(descriptor, &room, room.count, Int32(MSG_TRUNC))
                guard count > 0 else { break }
                take(Array(room[..<min(count, room.count)]), count)
                if try isEnough() { return true }
            }
            return try isEnough()
        }
    }

    private func take(_ bytes: [UInt8], _ length: Int) {
        taken += 1
        switch bytes.withUnsafeBytes({ reader.receive($0, length: length, now: monotonicNanoseconds()) }) {
        case .report(let boot, let isNew, _):
            if isNew { firstSequence[boot] = reader.sources[boot]?.header.sequence }
            let values = reader.sources[boot]?.values ?? MetricValues()
            for (id, value) in values.all {
                guard let metric = Metric.named(id), metric.kind == .counter || metric.kind == .bucket else { continue }
                if value < before[boot]?[raw: id] ?? 0 { wentBack.insert(metric.name) }
            }
            before[boot] = values
        case .control(let header) where header.kind == .subscribeOK: answers.append(header.state)
        case .event(let text, _): events.append(text)
        case .history(let piece): histories.append(piece)
        case .control, .late, .dropped: break
        }
    }
}
