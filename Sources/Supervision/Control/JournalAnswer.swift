package import Stats

/// The answer to `journal`: the memories in which the queue is kept. A descriptor of each comes with it, in the same
/// order, by which it can only be read.
package struct JournalAnswer: Codable, Sendable {
    /// queue.journal, as it is in force.
    package var mode: String
    /// The folder of the files with mode `disk`.
    package var directory: String?
    package var memories: [Memory] = []
    /// The newest event about the journal that is no good news.
    package var lastError: Event?

    package struct Memory: Codable, Sendable {
        /// Managers died of it, and it was set aside.
        package var isAside: Bool
        /// The most bytes that it may have, and the bytes that it has.
        package var bytes: UInt64
        package var allocatedBytes: UInt64
        /// What stands in it. `megacomet journal` reads that itself.
        package var contents: Contents?

        package init(isAside: Bool, bytes: UInt64, allocatedBytes: UInt64) {
            self.isAside = isAside
            self.bytes = bytes
            self.allocatedBytes = allocatedBytes
        }
        enum CodingKeys: String, CodingKey {
            case isAside = "aside", bytes, allocatedBytes = "allocated_bytes", contents
        }
    }
    package struct Contents: Codable, Sendable {
        package var segments = 0
        /// Records that still stand there, those that live, and those of them that are messages.
        package var records = 0
        package var liveRecords = 0
        package var liveMessages = 0
        /// Bytes of all records, and of those that live.
        package var usedBytes = 0
        package var liveBytes = 0
        /// The message that has waited for longest. `nil` if none waits.
        package var oldestId: UInt64?
        package var oldestSeconds: Double?
        /// The live records by their kind.
        package var kinds: [Kind] = []
        /// Segments with a record that is damaged.
        package var damagedSegments = 0
        /// Why nothing could be read.
        package var failure: String?

        package init() {}
        enum CodingKeys: String, CodingKey {
            case segments, records, liveRecords = "live_records", liveMessages = "live_messages"
            case usedBytes = "used_bytes", liveBytes = "live_bytes", oldestId = "oldest_id"
            case oldestSeconds = "oldest_seconds", kinds, damagedSegments = "damaged_segments", failure
        }
    }
    package struct Kind: Codable, Sendable {
        package var kind: String
        package var live: Int
        package init(kind: String, live: Int) {
            self.kind = kind
            self.live = live
        }
    }

    package init(mode: String, directory: String?) {
        self.mode = mode
        self.directory = directory
    }
    enum CodingKeys: String, CodingKey { case mode, directory, memories, lastError = "last_error" }
}
