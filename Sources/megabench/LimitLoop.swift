import Base
import CSystem
import Glibc
import TLS

/// The yardstick: how much one process can do that holds polls and delivers messages, and does nothing else. For event
/// streams and WebSockets it writes the bytes of each message to a connection that is open. All its clients receive in
/// one form.
///
/// It has no queue (a message for a client that isn't polling is refused), no second process and no timeouts. It checks
/// nothing that it reads: a poll is expected to come whole, in one read, from a well-meaning client. Everything that
/// MegaComet needs above this is the cost of its promises. The loop must never face anything but the generator on
/// loopback.
final class LimitLoop {
    private let poller = Poller()
    private let listener: Int32
    private let publishListener: Int32
    /// The connection whose poll is held, by client number. -1 if there is none.
    private var held: [Int32]
    /// The client that polls on a descriptor, by descriptor.
    private var owners: [Int32]
    /// How the last client that came receives, and so all of them.
    private var form = LoadPlan.Form.json
    private var links: [Int32: Link] = [:]
    private let input = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 1024, alignment: 64)
    private var output = Buffer()
    /// The content of a chunk or frame, whose length is written first.
    private var item = Buffer()
    private var lastId: UInt64 = 0
    /// `nil`: clients' connections are plain.
    private var tls: SocketTLS?
    private var isStopped = false

    /// A publisher's connection.
    private final class Link {
        var input = Buffer()
        var output = Buffer()
    }

    private enum Kind {
        static let listener: UInt64 = 1 << 32
        static let publishListener: UInt64 = 2 << 32
        static let link: UInt64 = 3 << 32
        static let control: UInt64 = 4 << 32
    }

    /// - Parameter control: a descriptor. The loop stops when its other end closes.
    init(host: UInt32, port: UInt16, publishPort: UInt16, clients: Int, control: Int32?) throws(Socket.Failure) {
        listener = try Socket.listen(on: host, port: port)
        publishListener = try Socket.listen(on: host, port: publishPort)
        held = Array(repeating: -1, count: clients)
        owners = Array(repeating: -1, count: 1 << 20)
        poller.add(listener, Poller.readable, Kind.listener)
        poller.add(publishListener, Poller.readable, Kind.publishListener)
        if let control { poller.add(control, Poller.readable, Kind.control) }
    }

    /// Clients speak TLS.
    func speak(_ context: TLSContext) { tls = SocketTLS(server: context, seats: owners.count) }

    func run() {
        while !isStopped {
            let count = poller.wait(nanoseconds: 1_000_000_000)
            for index in 0..<count {
                let (tag, _) = poller.event(index)
                let descriptor = Int32(truncatingIfNeeded: tag & 0xFFFF_FFFF)
                switch tag & ~0xFFFF_FFFF {
                case 0: poll(on: descriptor)
                case Kind.listener: accept(from: listener, 0)
                case Kind.publishListener: accept(from: publishListener, Kind.link)
                case Kind.link: publishes(on: descriptor)
                default: isStopped = true
                }
            }
        }
    }

    private func accept(from listener: Int32, _ kind: UInt64) {
        while true {
            let descriptor = mc_accept(listener)
            if descriptor < 0 { return }
            if kind == Kind.link { links[descriptor] = Link() } else { _ = tls?.begin(Int(descriptor), descriptor) }
            poller.add(descriptor, Poller.readable, kind | UInt64(descriptor))
        }
    }

    /// `GET /NAME7.json...`: the digits before the point are the client.
    private func poll(on descriptor: Int32) {
        let count =
            tls.map { $0.read(Int(descriptor), descriptor, input) } ?? read(descriptor, input.baseAddress, input.count)
        if count <= 0 {
            if count < 0, errno == EAGAIN { return }
            tls?.end(Int(descriptor), descriptor)
            let owner = owners[Int(descriptor)]
            if owner >= 0, held[Int(owner)] == descriptor { held[Int(owner)] = -1 }
            owners[Int(descriptor)] = -1
            close(descriptor)
            return
        }
        var at = 5
        while at < count, input[at] != UInt8(ascii: ".") { at += 1 }
        guard let client = number(UnsafeRawBufferPointer(input), endingAt: at) else { return }
        if at + 1 < count, let stream: LoadPlan.Form = [101: .events, 119: .ws][input[at + 1]] {
            open(descriptor, stream)
        }
        held[client] = descriptor
        owners[Int(descriptor)] = Int32(client)
    }

    /// A connection that stays has its head at once. Its WebSocket key is always the same.
    private func open(_ descriptor: Int32, _ stream: LoadPlan.Form) {
        form = stream
        output.clear()
        if stream == .ws {
            output.append("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n")
            output.append("Sec-WebSocket-Accept: ")
            output.append(StreamText.accept)
            output.append("\r\n\r\n")
        } else {
            output.append("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        }
        send(to: descriptor)
    }
    /// Writes `output` to a client.
    private func send(to descriptor: Int32) {
        if let tls {
            _ = tls.write(Int(descriptor), descriptor, output.bytes)
        } else {
            _ = write(descriptor, output.bytes.baseAddress, output.count)
        }
    }

    private func publishes(on descriptor: Int32) {
        guard let link = links[descriptor] else { return }
        let room = link.input.reserve(64 * 1024)
        let count = read(descriptor, room, 64 * 1024)
        if count <= 0 {
            if count < 0, errno == EAGAIN { return }
            links[descriptor] = nil
            close(descriptor)
            return
        }
        link.input.advance(by: count)
        var consumed = 0
        while let start = link.input.bytes.baseAddress,
            let end = memchr(start + consumed, 10, link.input.count - consumed)
        {
            let length = UnsafeRawPointer(end) - start - consumed
            deliver(link.input.bytes.part(consumed, length), link)
            consumed += length + 1
        }
        link.input.consume(consumed)
        // It may block: the generator reads all the time.
        while !link.output.isEmpty {
            let written = write(descriptor, link.output.bytes.baseAddress, link.output.count)
            if written > 0 { link.output.consume(written) } else if errno != EAGAIN { return }
        }
    }

    /// `{"client":"NAME7","message":"..."}`, or `{"channel":"NAME8000","message":"..."}` for all clients below 8000.
    private func deliver(_ line: UnsafeRawBufferPointer, _ link: Link) {
        let isChannel = line.count > 3 && line[3] == UInt8(ascii: "h")
        var at = isChannel ? 12 : 11
        while at < line.count, line[at] != UInt8(ascii: "\"") { at += 1 }
        let start = at + 12
        guard let client = number(line, endingAt: at), line.count > start, isChannel || held[client] >= 0 else {
            link.output.append("{\"error\":{\"code\":\"absent\"}}\n")
            return
        }
        lastId += 1
        compose(line.part(start, line.count - start - 1))
        for receiver in isChannel ? 0..<client : client..<client + 1 where held[receiver] >= 0 {
            send(to: held[receiver])
            if !form.stays { held[receiver] = -1 }
        }
        link.output.append("{\"id\":")
        link.output.append(decimal: lastId)
        link.output.append(",\"status\":\"sent\"}\n")
    }

    /// The answer with this message.
    private func compose(_ message: UnsafeRawBufferPointer) {
        output.clear()
        if form.stays { return composeStream(message) }
        output.append("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ")
        var digits = 1
        var rest = lastId
        while rest >= 10 {
            rest /= 10
            digits += 1
        }
        output.append(decimal: UInt64(message.count + 40 + 2 * digits))
        output.append("\r\n\r\n")
        Self.envelope(lastId, message, to: &output)
    }
    private static func envelope(_ id: UInt64, _ message: UnsafeRawBufferPointer, to out: inout Buffer) {
        out.append("{\"messages\":[{\"id\":")
        out.append(decimal: id)
        out.append(",\"data\":")
        out.append(message)
        out.append("}],\"cursor\":")
        out.append(decimal: id)
        out.append("}")
    }

    /// The chunk or frame with this message.
    private func composeStream(_ message: UnsafeRawBufferPointer) {
        if form == .events {
            item.clear()
            item.append("id:")
            item.append(decimal: lastId)
            item.append("\ndata:")
            item.append(message)
            item.append("\n\n")
            for shift in [8, 4, 0] where item.count >> shift > 0 {
                let digit = UInt8(item.count >> shift & 15)
                output.append(digit < 10 ? 48 + digit : 87 + digit)
            }
            output.append("\r\n")
            output.append(item.bytes)
            return output.append("\r\n")
        }
        item.clear()
        Self.envelope(lastId, message, to: &item)
        output.append(0x81)
        if item.count > 125 {
            output.append(126)
            output.append(bigEndian: UInt16(item.count))
        } else {
            output.append(UInt8(item.count))
        }
        output.append(item.bytes)
    }

    private func number(_ bytes: UnsafeRawBufferPointer, endingAt end: Int) -> Int? {
        var value = 0
        var scale = 1
        var at = end - 1
        while at > 0, bytes[at] &- 48 < 10 {
            value += Int(bytes[at] - 48) * scale
            scale *= 10
            at -= 1
        }
        return scale > 1 && value < held.count ? value : nil
    }
}
