import Base
import Glibc

/// Lines of text over a unix stream or a pipe: the lifelines, the control socket, the output of children.
///
/// `mostLine` bounds a line that is read; the rest of a longer line is left out. `mostPending` bounds the bytes to be
/// sent; a peer that does not read them is cut.
package final class LineStream {
    package let descriptor: Int32
    /// It holds the longest answer: a thousand events of 2,000 bytes, or 200 lines of 8 KiB. JSON may double each byte.
    private let mostPending = 8 << 20
    private let received: (String) -> Void
    private let ended: () -> Void
    private var watcher: IOWatcher?
    private var lines: LineSplitter
    private var pending: [UInt8] = []
    private var isPipe: Bool
    private var endsWhenSent = false
    private let takesDescriptors: Bool
    package private(set) var isOpen = true
    /// Descriptors that came with the lines. Whoever takes them out owns them. At most `mostDescriptors` are kept; more
    /// are closed.
    package var receivedDescriptors: [Int32] = []
    private static let mostDescriptors = 64

    /// Owns the descriptor. `ended` is called when the other end has closed or failed; the stream is closed by then.
    /// Both closures may release the stream. `takesDescriptors` says that the other end may send descriptors (unix(7),
    /// SCM_RIGHTS). Otherwise those that come are closed.
    package init(
        _ loop: Loop, _ descriptor: Int32, mostLine: Int = 8192, isPipe: Bool = false, takesDescriptors: Bool = false,
        received: @escaping (String) -> Void, ended: @escaping () -> Void
    ) {
        self.descriptor = descriptor
        lines = LineSplitter(mostBytes: mostLine)
        self.isPipe = isPipe
        self.takesDescriptors = takesDescriptors
        self.received = received
        self.ended = ended
        watcher = IOWatcher(loop, descriptor, .read) { [unowned self] events in
            // The owner may release this stream in a closure that is called here.
            withExtendedLifetime(self) {
                if events.contains(.write) { flush() }
                if events.contains(.read) { readWaiting() }
            }
        }
    }
    deinit { close() }

    package func close() {
        guard isOpen else { return }
        isOpen = false
        watcher = nil
        receivedDescriptors.forEach(Sockets.close)
        receivedDescriptors = []
        Sockets.close(descriptor)
    }

    /// Reads everything that waits. If the stream has ended, `ended` is called after the last line.
    package func readWaiting() {
        var chunk = [UInt8](repeating: 0, count: 65536)
        var turns = 0
        while isOpen, turns < 16 {  // then others have their turn
            turns += 1
            var descriptors: [Int32] = []
            let transfer = chunk.withUnsafeMutableBytes { room -> Transfer in
                if isPipe { return Processes.read(descriptor, into: room) }
                let (transfer, came) = UnixSockets.receive(descriptor, into: room)
                descriptors = came
                return transfer
            }
            for came in descriptors {
                let isTaken = takesDescriptors && receivedDescriptors.count < LineStream.mostDescriptors
                if isTaken { receivedDescriptors.append(came) } else { Sockets.close(came) }
            }
            switch transfer {
            case .bytes(let count):
                var input = chunk[..<count]
                while isOpen, let line = lines.next(&input) { received(line) }
            case .wouldBlock: return
            case .end, .failed:
                if let line = lines.rest() { received(line) }
                finish()
                return
            }
        }
    }
    private func finish() {
        guard isOpen else { return }
        close()
        ended()
    }

    /// False if the peer is gone or does not read.
    @discardableResult
    package func send(_ text: String, descriptors: [Int32] = []) -> Bool {
        guard isOpen else { return false }
        var bytes = Array(text.utf8)
        if !descriptors.isEmpty {
            guard pending.isEmpty else { return false }
            switch bytes.withUnsafeBytes({ UnixSockets.send(descriptor, $0, descriptors: descriptors) }) {
            case .bytes(let count): bytes.removeFirst(count)
            case .wouldBlock, .end, .failed: return false
            }
        }
        guard pending.count + bytes.count <= mostPending else {
            finish()
            return false
        }
        pending += bytes
        flush()
        return isOpen
    }
    /// Closes the stream when everything is sent.
    package func endOutput() {
        endsWhenSent = true
        flush()
    }
    private func flush() {
        while isOpen, !pending.isEmpty {
            switch pending.withUnsafeBytes({ Sockets.write(descriptor, $0) }) {
            case .bytes(let count): pending.removeFirst(count)
            case .wouldBlock:
                watcher?.watch([.read, .write])
                return
            case .end, .failed:
                finish()
                return
            }
        }
        guard isOpen else { return }
        watcher?.watch(.read)
        if endsWhenSent { finish() }
    }
}
