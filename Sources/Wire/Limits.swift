/// Every bound that is not a setting, each once, with what happens when it is reached. (Those that an operator may set
/// are in Configuration.)
package enum Limits {
    /// Bytes of a client id, decoded. Longer: 400 `bad_client`, never cut short.
    package static let clientIdBytes = 128
    /// Bytes of a JSONP callback's name. Longer: 400.
    package static let callbackBytes = 64
    /// Bytes of cookies in a request, beside its head. Nothing here reads them; they are what the other apps of the
    /// host have set. More: 431.
    package static let cookieBytes = 16 * 1024
    /// Bytes of header names that the answer to a preflight allows. Those over it are left out, and the browser refuses
    /// them.
    package static let askedHeaderBytes = 1024
    /// Bytes of messages in one answer. What is over goes into the next; one message always fits.
    package static let answerBytes = 256 * 1024
    /// Bytes of a frame's body. A frame that says more is malformed, and its link is closed. The largest
    /// `queue.max_message`.
    package static let frameBodyBytes = 16 * 1024 * 1024
    /// Bytes that a worker holds for a manager which does not read. More: the link is closed and its clients are
    /// announced again on the next.
    package static let linkBytes = 64 * 1024 * 1024
    /// A refused client may take this long to read why, before its connection is closed.
    package static let lingerMilliseconds: UInt32 = 2000
    /// A worker that drains stays this long after the last connection or answer whose client may have its next poll on
    /// the way: it is answered and not cut. What comes later finds the connection closed, as after an idle timeout.
    package static let drainCourtesyMilliseconds: UInt32 = 1000
    /// After this long the manager has heard of a poll, and has sent what waited for it. A poll whose client ends its
    /// side before is announced again, to be answered at once.
    package static let announcedMilliseconds: UInt32 = 1000
    /// Polls and connections that a worker ends in one turn of its loop because their time is over: half a
    /// millisecond's work. Those over it are ended in the turns that follow, when the messages that came meanwhile have
    /// been delivered.
    package static let expiredInTurn = 64
    /// Polls that may begin within a second, beside those of an even load, before a worker takes what comes for a herd
    /// and spreads its timeouts.
    package static let evenPolls = 64
    /// How late a poll or connection may be ended after its time, so that one turn ends several: of 100,000 polls on 8
    /// workers five each time.
    package static let expiryMilliseconds = 20
    /// Connections over `workers.max_connections` that are still read, so that they can be told 503 in their own form.
    /// More are closed at once.
    package static let overflowConnections = 256
    /// Ids are exact in a JavaScript number below this.
    package static let idEnd: UInt64 = 1 << 53

    // The manager's queue and its links.

    /// What a message costs an answer beside its own bytes: `{"id":...,"data":...},`.
    package static let envelopeBytes = 32
    /// Bytes that wait for one worker's link. Over it, messages for that worker's clients stay in their mailboxes until
    /// it has read.
    package static let outboxBytes = 4 * 1024 * 1024
    /// Worker numbers are below this: a hello with another is refused.
    package static let workerNumbers = 1024
    /// The longest time to live of a message, a week, in seconds. A publish that asks for more is refused with
    /// `bad_ttl`.
    package static let ttlSeconds = 604_800.0
    /// Messages and clients whose time is over that the manager takes up in one turn of its loop, at most: under a
    /// millisecond's work. Those over it follow in the next turns, a millisecond later each.
    package static let expiredInTick = 1024
    /// A client counts as connected for this long after its poll was answered: presence does not flap between two
    /// polls.
    package static let graceMilliseconds: UInt32 = 10_000
    /// How long the manager remembers that an absent client lost messages; and for how many at most, the oldest
    /// forgotten first.
    package static let lostMilliseconds: UInt32 = 600_000
    package static let lostRecords = 1_000_000
    /// Messages that come back from a worker may exceed the queue's bounds by this part (an eighth): they were in it
    /// before.
    package static let putBackPart = 8

    // The app port.

    /// How deep JSON may be nested. Deeper: `bad_json`.
    package static let jsonDepth = 256
    /// What a publish may have beside its message: the client id with every byte escaped, the names, spaces. Longer:
    /// `too_large`.
    package static let publishBytes = 4096
    /// Bytes of a batch's body (or of one publish, where `queue.max_message` allows more). Longer: 413, and the
    /// connection is closed.
    package static let batchBytes = 4 * 1024 * 1024
    /// Bytes of a request's head on the app port. Longer: 414 or 431.
    package static let appHeadBytes = 8192
    /// Bytes of chunk extensions and trailers in a body, which are skipped (RFC 9112, 7.1). More: 431.
    package static let chunkExtraBytes = 8192
    /// Connections of apps, and of workers. One more takes the place of the one that has said nothing, or shown no key
    /// and no publish, for longest; where there is none of that kind it is closed at once.
    package static let appConnections = 1024
    package static let linkConnections = 1200
    /// Seconds in which a link says its hello. Later: it is closed.
    package static let linkHelloSeconds: UInt64 = 5
    /// Bytes that all apps together may have half sent. A body that would go over it is refused with 503.
    package static let appInputBytes = 256 * 1024 * 1024
    /// Bytes of answers that wait for one app. Over it nothing more is read from that app until it has read.
    package static let appOutputBytes = 1024 * 1024
    /// Rows in an answer to GET /clients or GET /apps: each client's messages are walked. More asked for: 400 bad_most.
    package static let appAnswerRows = 100
    /// Seconds: for the rest of a request that has begun (408), for an app to read its answers (cut), for an idle HTTP
    /// connection (closed). A connection of the line form that has published or given the key may be idle for ever.
    package static let appRequestSeconds: UInt64 = 30
    package static let appWriteSeconds: UInt64 = 30
    package static let appIdleSeconds: UInt64 = 300
    /// Seconds for a connection to speak HTTP, to publish a line or to give the key. Else it is closed.
    package static let appProofSeconds: UInt64 = 30
    /// Seconds for an app to read the last answer and close, while what it still sends is thrown away. Then it is cut.
    package static let appLingerSeconds: UInt64 = 2

    // The supervisor.

    /// Bytes that are added to the file of what happened (RUNDIR/memory) before it is written anew, with what is kept.
    package static let memoryBytes = 1 << 20
    /// Bytes of an event's text; the rest is left out. A list of a hundred mistakes is told by `megacomet check`.
    package static let eventBytes = 2000
    /// Bytes of a line that a child wrote; the rest is left out.
    package static let outputLineBytes = 8192
    /// Bytes of output lines that an upgrade hands over, shared evenly among the processes: the oldest lines are left
    /// behind.
    package static let memoryOutputBytes = 2 << 20
    /// Bytes of that file which are read. It stays under that: a thousand events of 2,000 bytes, 2,000 exits each of
    /// 129 processes, the output.
    package static let memoryFileBytes = 16 << 20
    /// Listeners that a service manager may hand over. With more of them LISTEN_FDS is wrong, and none is taken.
    package static let inheritedListeners: Int32 = 1024
}
