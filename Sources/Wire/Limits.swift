/// Every bound that is not a setting, each once, with what happens when it is reached. (Bounds that an operator may set
/// are in Configuration.)
public enum Limits {
    /// Bytes of a client id, decoded. A longer one gets 400 `bad_client`; it is never cut short.
    public static let clientIdBytes = 128
    /// Bytes of a JSONP callback's name. A longer one gets 400.
    package static let callbackBytes = 64
    /// Bytes of cookies in a request, which do not count as its head. Nothing here reads them: other apps of the host
    /// have set them. A request with more gets 431.
    package static let cookieBytes = 16 * 1024
    /// Bytes of header names that the answer to a preflight allows. Names beyond them are left out, and the browser
    /// refuses those headers.
    package static let askedHeaderBytes = 1024
    /// Bytes of messages in one answer. Further messages go into the next answer. One message always fits.
    public static let answerBytes = 256 * 1024
    /// Bytes of a frame's body, the largest `queue.max_message`. A frame that announces more is malformed, and its link
    /// is closed.
    public static let frameBodyBytes = 16 * 1024 * 1024
    /// Bytes that a worker holds for a manager that does not read. Over it the link is closed, and its clients are
    /// announced again on the next one.
    package static let linkBytes = 64 * 1024 * 1024
    /// Bytes of messages that come back while a worker has no manager. They wait for the next manager. Messages beyond
    /// them are lost and counted. With the announcements of a full worker they stay below `linkBytes`.
    package static let returnedBytes = 32 * 1024 * 1024
    /// Bytes of messages for many receivers that a worker holds because they are still to be written to some of them.
    /// Over it the worker reads no more from its link, and so the manager holds back (`outboxBytes`).
    package static let fanOutBytes = 4 * 1024 * 1024
    /// Bytes that a receiver that stays may be sent before its socket has taken them. Further messages stay in their
    /// logs.
    public static let streamBytes = 64 * 1024
    /// Bytes that such a receiver has taken before the worker tells the manager so.
    package static let creditLot = 16 * 1024
    /// Bytes that all these receivers of a worker have not taken. Over it the one farthest behind is cut.
    package static let behindBytes = 256 * 1024 * 1024
    /// Milliseconds that such a receiver may be behind, however much its socket takes meanwhile. Then it is cut.
    package static let behindMilliseconds: UInt32 = 60_000
    /// Bytes that the kernel keeps for such a receiver beside those that are on the way (TCP_NOTSENT_LOWAT), and
    /// milliseconds after which it gives up a connection that acknowledges nothing (TCP_USER_TIMEOUT).
    package static let unsentBytes: Int32 = 16 * 1024
    package static let unheardMilliseconds: Int32 = 60_000
    /// Milliseconds after which a receiver that stays is sent its first heartbeat, if its page wants proof.
    package static let proofMilliseconds: UInt32 = 50
    /// Bytes of the body of a request to acknowledge or to leave, which nothing here reads. A longer one gets 413.
    package static let ignoredBodyBytes = 1024
    /// Milliseconds between two questions of a worker, up to which id nothing waits for its polls.
    package static let settledMilliseconds: UInt64 = 1000
    /// Milliseconds that a refused client has to read the reason before its connection is closed.
    package static let lingerMilliseconds: UInt32 = 2000
    /// Milliseconds that a draining worker stays after the last connection or answer whose client may have its next
    /// poll on the way. Such a poll is answered and not cut. A later one finds the connection closed, as after an idle
    /// timeout.
    package static let drainCourtesyMilliseconds: UInt32 = 1000
    /// Milliseconds after which the manager has surely heard of a poll and has sent what waited for it. If the client
    /// ends its side earlier, the poll is announced again, to be answered at once.
    package static let announcedMilliseconds: UInt32 = 1000
    /// Polls and connections that a worker ends in one turn of its loop because their time is over. That is half a
    /// millisecond's work. The rest are ended in the turns that follow, after messages that came meanwhile have been
    /// delivered.
    package static let expiredInTurn = 64
    /// Polls that may begin within a second, beside those of an even load. If more begin, the worker takes them for a
    /// herd and spreads their timeouts.
    package static let evenPolls = 64
    /// Milliseconds by which a poll or connection may be ended too late, so that one turn ends several. With 100,000
    /// polls on 8 workers that is five each time.
    package static let expiryMilliseconds = 20
    /// Connections over `workers.max_connections` that are still read, so that they can be told 503 in their own form.
    /// More are closed at once.
    package static let overflowConnections = 256
    /// The bound of ids. Below it a JavaScript number is exact.
    package static let idEnd: UInt64 = 1 << 53

    /// Bytes of a message of a WebSocket client, with all its fragments. A longer one is closed with 1009 as soon as a
    /// frame announces it. An acknowledgement has 27.
    package static let webSocketBytes = 4096

    // Tokens.

    /// Bytes of a client's token. A longer one is `token_bad`.
    package static let tokenBytes = 4096
    /// Bytes of a token's or key's `kid`. A longer one is `token_bad`; a key file with one is refused.
    package static let keyIdBytes = 64
    /// Channels in a token. A token with more is `token_bad`.
    package static let tokenChannels = 64
    /// How deep the JSON of a token, or of a set of keys, may be nested.
    package static let tokenDepth = 16
    /// Keys in all sets together, and bytes of one file. A larger set is refused.
    package static let tokenKeys = 64
    package static let keyFileBytes = 256 * 1024
    /// Revocations that the manager keeps, each for `tokens.max_age`. One more is refused with 503
    /// `revocations_full`: if an old one were forgotten, its tokens would be good again.
    package static let revocations = 1_000_000
    /// Seconds that a revocation may lie ahead of this machine's clock. One that lies farther ahead gets 400
    /// `bad_revoke`.
    package static let revokeAheadSeconds: UInt64 = 60
    /// Seconds that a revocation is kept beyond `tokens.max_age`: a worker takes a token up to `tokens.leeway` after
    /// its end, and a revocation may lie ahead.
    package static let revocationSpareSeconds: UInt32 = 600
    /// Milliseconds that a revocation is kept at least after the machine was started again. Until then its wall clock
    /// may be wrong.
    package static let revocationRebootMilliseconds: UInt64 = 3_600_000

    // TLS.

    /// Handshakes that a worker has under way at once. Further connections wait, unread, until one is done or its time
    /// is over (`workers.header_timeout`).
    package static let handshakes = 4096
    /// Milliseconds that a worker goes on with handshakes in one turn of its loop. The others wait for the next turn,
    /// so that messages go out meanwhile.
    package static let handshakeMilliseconds = 4
    /// SSL objects that are freed before a worker gives their memory back to the system, if each second frees more. It
    /// does so only while no handshake is under way.
    package static let sessionsUntilTrim: UInt64 = 256
    /// Bytes of records of clients that have not come whole, over all connections of a worker. A connection that would
    /// need more is closed.
    package static let heldRecordBytes = 64 * 1024 * 1024
    /// Records that are sealed with one key. Then a new key follows: RFC 8446, 5.5, allows 2^24.5 for AES-GCM.
    package static let recordsUnderKey: UInt64 = 1 << 24
    /// New keys that a client may turn to at once. It gets one more each second. With more its connection is closed.
    package static let keyUpdatesAtOnce = 8
    /// Bytes of a file with a certificate or its key. A larger one is refused.
    package static let certificateBytes = 256 * 1024

    // Bounds by address.

    /// Addresses that a worker counts connections of. If there are more, those that were heard of least recently and
    /// hold no connection are forgotten, and if all hold one, a new address is not bounded.
    package static let countedAddresses = 65_536
    /// Milliseconds after which an address that holds no connection is forgotten.
    package static let addressMilliseconds: UInt32 = 600_000
    /// Connections of one address over its bounds that are still read, so that they can be told 429 in their own form.
    /// More are told a bare 429 as they come, and closed.
    package static let addressOverflow: UInt8 = 16
    /// The busiest addresses that a worker tells, if an operator asks.
    package static let toldAddresses = 100

    // The manager's queue and its links.

    /// Bytes that a message adds to an answer beside its own: `{"id":...,"data":...},`.
    package static let envelopeBytes = 32
    /// Messages, and bytes of their JSON, that were written to an event stream or WebSocket and stay for a client until
    /// it has acknowledged them. They do not count in the bounds of the queue. Over it the oldest leaves as handed; a
    /// stream that comes with an older cursor is told of a gap.
    package static let writtenMessages = 64
    package static let writtenBytes = 64 * 1024
    /// Bytes that wait for one worker's link. Over it, messages for that worker's clients stay in their mailboxes until
    /// it has read.
    package static let outboxBytes = 4 * 1024 * 1024
    /// The bound of worker numbers. A hello with a larger number is refused.
    package static let workerNumbers = 1024
    /// Seconds of the longest time to live of a message, a week. A publish that asks for more is refused with
    /// `bad_ttl`.
    package static let ttlSeconds = 604_800.0
    /// The most messages and clients whose time is over that the manager takes up in one turn of its loop. That is
    /// under a millisecond's work. The rest follow in the next turns, each a millisecond later.
    package static let expiredInTick = 1024
    /// Milliseconds that a message lives at least after the machine was started again, if it had so much left: the wall
    /// clock, which says how long the machine was away, may have been set.
    package static let recoveredMilliseconds: UInt64 = 10_000
    /// Messages whose time is not over that the manager looks at in its timing wheel before it goes on in another turn.
    package static let wheelLooks = 16_384
    /// Milliseconds between two looks for parts of the arena that are nearly over, and records that move forward in one
    /// turn of the loop.
    package static let compactionMilliseconds: UInt64 = 1000
    package static let compactedInTick = 64
    /// Milliseconds that a client counts as connected after its poll was answered, so that presence does not flap
    /// between two polls.
    package static let graceMilliseconds: UInt32 = 10_000
    /// How long the manager remembers that an absent client lost messages, and how many such clients it remembers. Over
    /// that the oldest is forgotten.
    package static let lostMilliseconds: UInt32 = 600_000
    package static let lostRecords = 1_000_000
    /// Messages that come back from a worker may exceed the queue's bounds by this part (an eighth), since they were in
    /// the queue before.
    package static let putBackPart = 8

    /// Clients, and channels, that one publish or subscribe may name. More get 413 `too_many`.
    package static let publishClients = 10_000
    package static let publishChannels = 100
    /// Clients times channels of one subscribe or unsubscribe. More get 413 `too_many`.
    package static let subscribePairs = 100_000
    /// Bytes of the names of `latest` and `once`. Longer ones get 400 `bad_latest` and `bad_once`.
    package static let latestBytes = 64
    package static let onceBytes = 64
    /// Names of `latest` in one log, and the bytes of their messages. One more gets 413 `latest_full`.
    package static let latestNames = 256
    package static let latestNamesBytes = 256 * 1024
    /// How long the outcome of a publish with `once` is remembered, and how many are. Beyond that the oldest goes.
    package static let onceMilliseconds: UInt32 = 300_000
    package static let onceRecords = 1_000_000
    /// Users that presence names, and subscribers of a channel up to which it names any. Over that only their number is
    /// told. Milliseconds between two news of a channel, of a large one, and news in one turn of the loop.
    package static let presenceUsers = 100
    package static let presenceSubscribers = 1000
    package static let presenceMilliseconds: UInt64 = 1000
    package static let presenceLargeMilliseconds: UInt64 = 10_000
    package static let presenceInTick = 16
    /// Bytes of the news of a channel. Longer ones name nobody, and tell only how many are connected. They must be less
    /// than the members of an element may have, 64 KiB.
    package static let presenceBytes = 32 * 1024
    /// Messages of a channel that a subscription may bring along, or that GET /channels/NAME may ask for. More get 400
    /// `bad_history`.
    package static let historyMessages = 1000
    /// Milliseconds that a message with `keep:false` waits for a client that is between two polls.
    package static let transientMilliseconds: UInt32 = 2000
    /// Receivers that a worker's fan-out visits before the clock is looked at, and milliseconds of fan-out in a turn of
    /// the loop, of the manager and of a worker. The rest follow in the next turns.
    package static let fanOutStep = 128
    /// Subscribers that the manager's fan-out visits at a time. They share one body on each link, so a large message to
    /// many is written less often.
    package static let fanOutVisits = 1024
    package static let fanOutMilliseconds = 2

    // Events.

    /// Events that are kept, and their bytes. Over it the oldest goes; who asks after it later is told of a gap.
    package static let events = 262_144
    package static let eventsBytes = 64 * 1024 * 1024
    /// Bytes that an event takes beside the names in it.
    package static let eventOwnBytes = 72
    /// Bytes of the name of a reader. A longer one gets 400 `bad_reader`.
    package static let readerBytes = 64
    /// Seconds that an answer is held at most, for events or for the end of a message. A request for more gets 400
    /// `bad_wait`.
    package static let waitSeconds = 60
    /// Bytes of events in one answer, or that a stream is sent before it has read what it was sent before.
    package static let eventsAnswerBytes = 256 * 1024
    /// Milliseconds without an event after which a stream is told its cursor.
    package static let eventsBeatMilliseconds: UInt64 = 10_000
    /// Bytes that an app may send while its answer is held. Then nothing more is read until it is answered.
    package static let heldInputBytes = 64 * 1024
    /// Readers of events that the manager remembers by name. One more gets 409 `readers_full`.
    package static let eventReaders = 16
    /// Operators who follow a client. One more gets 409 `followers_full`.
    package static let followers = 16
    /// How long the manager waits for a worker's word on a message with a receipt that went to a client which
    /// acknowledges nothing. Then its receipt ends as `handed`.
    package static let handedMilliseconds: UInt32 = 90_000

    // The app port.

    /// How deep JSON may be nested. Deeper JSON gets `bad_json`.
    package static let jsonDepth = 256
    /// Bytes that a publish to one client may have beside its message: the client id with every byte escaped, the
    /// names, spaces. An app that has not shown its key may send no longer line (`too_large`).
    package static let publishBytes = 4096
    /// Bytes of the body of a batch, or of one publish if `queue.max_message` allows more, and of a line. A longer body
    /// gets 413, and the connection is closed. A longer line gets `too_large`, and is skipped.
    package static let batchBytes = 4 * 1024 * 1024
    /// Bytes of a request's head on the app port. A longer one gets 414 or 431.
    package static let appHeadBytes = 8192
    /// Bytes of chunk extensions and trailers in a body, which are skipped (RFC 9112, 7.1). More get 431.
    package static let chunkExtraBytes = 8192
    /// Connections of apps, and of workers. One more takes the place of a connection that has said nothing yet, or has
    /// shown neither key nor publish: the one that has been so for longest. If there is none, the new connection is
    /// closed at once. Those of apps whose answer is held do not count: `app.max_waits` is their bound.
    package static let appConnections = 1024
    package static let linkConnections = 1200
    /// Seconds that a link has to say its hello. Then it is closed.
    package static let linkHelloSeconds: UInt64 = 5
    /// Bytes of half-sent bodies of all apps together. A body that would exceed it is refused with 503.
    package static let appInputBytes = 256 * 1024 * 1024
    /// Bytes of answers that wait for one app. Over it nothing more is read from the app until it has read.
    package static let appOutputBytes = 1024 * 1024
    /// Rows in an answer to GET /clients or GET /apps, since each client's messages are walked. A request for more gets
    /// 400 bad_most.
    package static let appAnswerRows = 100
    /// Bytes of the messages in an answer to GET /channels/NAME. Older ones are left out.
    package static let channelAnswerBytes = 4 * 1024 * 1024
    /// Bytes of an answer to POST /clients. A request for more gets 413 `too_many`.
    package static let clientsAnswerBytes = 16 * 1024 * 1024
    /// Seconds for three things: the rest of a request that has begun (408), an app that reads its answers (cut), an
    /// idle HTTP connection (closed). A connection of the line form that has published or given the key may be idle for
    /// ever.
    package static let appRequestSeconds: UInt64 = 30
    package static let appWriteSeconds: UInt64 = 30
    package static let appIdleSeconds: UInt64 = 300
    /// Seconds that a connection has to speak HTTP, to publish a line or to give the key. Then it is closed.
    package static let appProofSeconds: UInt64 = 30
    /// Seconds that an app has to read the last answer and close. Meanwhile its input is thrown away. Then it is cut.
    package static let appLingerSeconds: UInt64 = 2

    // The supervisor.

    /// Bytes that are appended to the file of what happened (RUNDIR/memory). Then it is written anew, with only what is
    /// kept.
    package static let memoryBytes = 1 << 20
    /// Bytes of an event's text; the rest is left out. `megacomet check` tells a list of a hundred mistakes in full.
    package static let eventBytes = 2000
    /// Bytes of a line that a child wrote; the rest is left out.
    package static let outputLineBytes = 8192
    /// Bytes of output lines that an upgrade hands over, shared evenly among the processes. The oldest lines are left
    /// behind.
    package static let memoryOutputBytes = 2 << 20
    /// Bytes of that file that are read. Its contents stay below: a thousand events of 2,000 bytes, 2,000 exits of each
    /// of 129 processes, and the output.
    package static let memoryFileBytes = 16 << 20
    /// Listeners that a service manager may hand over. If LISTEN_FDS says more, it is wrong, and none is taken.
    package static let inheritedListeners: Int32 = 1024
}
