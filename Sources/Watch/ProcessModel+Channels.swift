import Glibc
import Stats

// What the manager reports about its channels and its journal.
extension ProcessModel {
    /// stored - over - dropped - replaced - depth. If it is not 0, messages of channels are lost without a trace.
    package var channelImbalance: Int64? {
        guard let enqueued = own.count(.channelEnqueued), let over = own.count(.channelOver),
            let dropped = own.count(.channelDropped), let replaced = own.count(.channelReplaced),
            let depth = own.count(.channelMessages)
        else { return nil }
        return Int64(bitPattern: enqueued &- over &- dropped &- replaced &- depth)
    }
    /// The journal's last error in words. `nil` if there was none, or the manager does not tell it.
    package var journalError: String? {
        guard let code = own.count(.journalError), code > 0 else { return nil }
        // The number is from outside, and need not be an errno.
        return Int32(exactly: code).map { String(cString: strerror($0)) } ?? "error \(code)"
    }
    /// The journal's mode in a word.
    package static func journalMode(_ code: Double) -> String {
        switch code {
        case 0: "off"
        case 1: "process"
        case 2: "disk"
        default: "#" + Format.whole(code)
        }
    }
}
