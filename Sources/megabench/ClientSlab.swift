/// A client of the generator: a long poll, an event stream or a WebSocket. It has 40 bytes, so a process with 16,000 of
/// them is small beside the server.
///
///     away --connect--> waiting --answer--> waiting (keep-alive) or connecting
///       ^                  |cut
///       +---- resting <----+                resting: until its time on the wheel (a retry, or after a cut)
///
/// With TLS it is shaking before it sends its request. A stream is opening between its request and the head of its
/// answer.
struct PollClient {
    enum State: UInt8 { case away, connecting, shaking, opening, waiting, resting }

    var descriptor: Int32 = -1
    var state = State.away
    /// The client is in the ring of clients that a unicast may be published to.
    var isReady = false
    /// Messages over a WebSocket that it has not acknowledged.
    var unacknowledged: UInt8 = 0
    /// The cursor of its last envelope.
    var cursor: UInt64 = 0
    /// The sequence number of the next message to it.
    var published: UInt32 = 0
    /// Milliseconds after which the last stream said to come back when it breaks. 0: it did not say.
    var retry: UInt16 = 0
    var received = SequenceCheck()
}

/// The clients of a process. For nchan also the two header values with which each resumes.
final class ClientSlab {
    let count: Int
    private let clients: UnsafeMutablePointer<PollClient>
    private let resumes: UnsafeMutablePointer<Resume>?

    /// The headers Last-Modified and Etag of the last answer, as they came. Of an event stream the last event's id, in
    /// place of the date.
    struct Resume {
        static let room = 62
        var dateBytes: UInt8 = 0
        var etagBytes: UInt8 = 0
        var text: InlineArray<62, UInt8> = .init(repeating: 0)
    }

    init(count: Int, resumes wanted: Bool) {
        self.count = count
        clients = .allocate(capacity: max(1, count))
        clients.initialize(repeating: PollClient(), count: count)
        resumes = wanted ? .allocate(capacity: max(1, count)) : nil
        resumes?.initialize(repeating: Resume(), count: count)
    }
    deinit {
        clients.deallocate()
        resumes?.deallocate()
    }

    @inline(__always) subscript(_ index: Int) -> PollClient {
        unsafeAddress {
            precondition(index >= 0 && index < count, "no such client")
            return UnsafePointer(clients + index)
        }
        unsafeMutableAddress {
            precondition(index >= 0 && index < count, "no such client")
            return clients + index
        }
    }

    /// Keeps the values of an answer. Values longer than nchan's are left out, and the client starts anew.
    func keepResume(_ index: Int, date: UnsafeRawBufferPointer, etag: UnsafeRawBufferPointer) {
        guard let resumes, date.count + etag.count <= Resume.room else { return }
        resumes[index].dateBytes = UInt8(date.count)
        resumes[index].etagBytes = UInt8(etag.count)
        withUnsafeMutableBytes(of: &resumes[index].text) { text in
            text.baseAddress?.copyMemory(from: date.baseAddress ?? UnsafeRawPointer(clients), byteCount: date.count)
            (text.baseAddress.map { $0 + date.count })?.copyMemory(
                from: etag.baseAddress ?? UnsafeRawPointer(clients), byteCount: etag.count)
        }
    }

    /// Calls `body` with the date and the etag, if there are any.
    func withResume(_ index: Int, _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Void) {
        guard let resumes, resumes[index].dateBytes > 0 else { return }
        let (date, etag) = (Int(resumes[index].dateBytes), Int(resumes[index].etagBytes))
        withUnsafeBytes(of: &resumes[index].text) { text in
            body(
                UnsafeRawBufferPointer(rebasing: text[0..<date]),
                UnsafeRawBufferPointer(rebasing: text[date..<date + etag]))
        }
    }
}
