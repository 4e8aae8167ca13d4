import Store

/// A queued message. It is in two lists: in its log by id, and in the timing wheel by its deadline.
struct Message {
    typealias InLog = SlotList<ByID>

    var id: UInt64
    var body: SharedBody
    var log: Slot<Log>
    var inLog = Neighbours<Message>()
    var inWheel = Neighbours<Message>()
    /// The time when its time to live ends: milliseconds that wrap.
    var deadline: UInt32
    /// The second in which it was queued.
    var second: UInt32

    enum ByID: ListField {
        @inline(__always)
        static func neighbours(_ record: UnsafeMutablePointer<Message>) -> UnsafeMutablePointer<Neighbours<Message>> {
            withUnsafeMutablePointer(to: &record.pointee.inLog) { $0 }
        }
    }
    enum ByDeadline: ListField {
        @inline(__always)
        static func neighbours(_ record: UnsafeMutablePointer<Message>) -> UnsafeMutablePointer<Neighbours<Message>> {
            withUnsafeMutablePointer(to: &record.pointee.inWheel) { $0 }
        }
    }
}
