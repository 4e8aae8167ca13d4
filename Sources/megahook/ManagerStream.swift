import Base
import Glibc
import Reactor

/// The connection to the manager's app port, in the line form.
final class ManagerStream {
    /// The most bytes that are read at one time. They become one batch or a few.
    private static let chunkBytes = 262_144
    /// A line of the manager is far shorter. One that is longer is none of its.
    private static let mostLine = 65_536

    private let descriptor: Int32
    private let received: (UnsafeRawBufferPointer) -> Void
    private let readAll: () -> Void
    private let ended: (String) -> Void
    private var watcher: IOWatcher?
    private var input: [UInt8] = []
    private var output: [UInt8] = []
    private var reads = true

    /// It owns the descriptor. `received` is called with each line, `readAll` when those that came together were handed
    /// in. `ended` is called at most once, when the connection is closed already.
    init(
        _ loop: Loop, _ descriptor: Int32, received: @escaping (UnsafeRawBufferPointer) -> Void,
        readAll: @escaping () -> Void, ended: @escaping (String) -> Void
    ) {
        self.descriptor = descriptor
        self.received = received
        self.readAll = readAll
        self.ended = ended
        watcher = IOWatcher(loop, descriptor, .read) { [unowned self] events in
            withExtendedLifetime(self) {
                if events.contains(.write) { flush() }
                if events.contains(.read) { read() }
            }
        }
    }
    deinit { close() }

    var isOpen: Bool { watcher != nil }
    var hasOutput: Bool { !output.isEmpty }

    func close() {
        guard isOpen else { return }
        watcher = nil
        Sockets.close(descriptor)
    }
    /// Events that are not read wait in the sockets, and at last in the manager.
    func read(_ isOn: Bool) {
        reads = isOn
        watch()
    }
    private func watch() {
        var interest: Interest = []
        if reads { interest.insert(.read) }
        if hasOutput { interest.insert(.write) }
        watcher?.watch(interest)
    }

    func send(_ text: String) {
        output += Array(text.utf8)
        flush()
    }
    private func flush() {
        while isOpen, hasOutput {
            switch output.withUnsafeBytes({ Sockets.write(descriptor, $0) }) {
            case .bytes(let count): output.removeFirst(count)
            case .wouldBlock: return watch()
            case .end: return end("the manager closed the connection")
            case .failed(let code): return end(String(cString: strerror(code)))
            }
        }
        watch()
    }

    private func read() {
        let start = input.count
        input.append(contentsOf: repeatElement(0, count: ManagerStream.chunkBytes))
        let transfer = input.withUnsafeMutableBytes {
            Sockets.read(descriptor, into: UnsafeMutableRawBufferPointer(rebasing: $0[start...]))
        }
        var count = 0
        if case .bytes(let some) = transfer { count = some }
        input.removeLast(ManagerStream.chunkBytes - count)
        switch transfer {
        case .bytes: handIn(from: start)
        case .wouldBlock: break
        case .end: end("the manager closed the connection")
        case .failed(let code): end(String(cString: strerror(code)))
        }
    }
    /// Bytes before `start` have no end of a line.
    private func handIn(from start: Int) {
        var lines = input[...]
        var searched = start
        while isOpen, let newline = lines[searched...].firstIndex(of: 10) {
            lines[..<newline].withUnsafeBytes { received($0) }
            lines = lines[(newline + 1)...]
            searched = lines.startIndex
        }
        guard isOpen else { return }
        input = Array(lines)
        if input.count > ManagerStream.mostLine { return end("it sends a line that no manager sends") }
        readAll()
    }
    private func end(_ reason: String) {
        guard isOpen else { return }
        close()
        ended(reason)
    }
}
