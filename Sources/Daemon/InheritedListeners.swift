import Base
import Reactor
import Wire

/// The listeners that the supervisor (or systemd) handed down.
struct InheritedListeners {
    private var left = HandedDown.take(most: Limits.inheritedListeners)

    /// Finds a listener by the name that the supervisor gives it, or by its port: systemd names listeners after the
    /// unit.
    mutating func take(_ name: String, port: Int) -> Int32? {
        let index =
            left.firstIndex { $0.name == name }
            ?? left.firstIndex {
                Sockets.isTCPListener($0.descriptor) && Sockets.localEndpoint($0.descriptor)?.port == UInt16(port)
            }
        return index.map { left.remove(at: $0).descriptor }
    }
    /// Finds the memory of the queue, which comes under this name alone.
    mutating func takeJournal() -> Int32? {
        let index = left.firstIndex { $0.name == "journal" && MemoryFile.isOne($0.descriptor) }
        return index.map { left.remove(at: $0).descriptor }
    }
    /// Closes the listeners that nobody took, since nobody would ever serve their connections. Returns what they were.
    mutating func closeRest() -> [String] {
        defer { left = [] }
        return left.map { descriptor, _ in
            defer { Sockets.close(descriptor) }
            return Sockets.localEndpoint(descriptor)?.description ?? "descriptor \(descriptor)"
        }
    }
}
