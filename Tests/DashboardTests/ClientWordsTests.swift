import Dashboard
import Supervision
import Testing
import Watch
import Wire

/// "He says that he gets nothing" is answered in the first lines, and by `:user` and `:channel` for those who have no
/// id at hand.
struct ClientWordsTests {
    private func screen(_ change: (inout ClientAnswer) -> Void, later seconds: UInt64 = 0, _ size: Size = Size(100, 24))
        -> String
    {
        var answer = ClientAnswer(client: "alice", connected: true, worker: 4, queued: 0, channels: [])
        (answer.known, answer.form, answer.behind, answer.bytes) = (true, "stream", false, 0)
        change(&answer)
        var model = Samples.shown
        var client = Told.Client(id: "alice")
        client.take(answer, time: model.now)
        model.told.client = client
        model.now += seconds * Samples.second
        var session = Session()
        session.overlay = .client(ClientLook(id: "alice", isTyped: true))
        // A sentence may be in two lines.
        return Views.draw(model, session, size, Capabilities()).lines.dropFirst(2).prefix(4).joined()
    }

    @Test func theAnswer_isASentence() {
        #expect(screen { _ in }.contains(" CONNECTED, and it was sent all there is for it."))
        let waits = screen {
            ($0.queued, $0.bytes, $0.behind, $0.oldestSeconds, $0.expiresSeconds) = (100, 46_080, true, 47, 13)
        }
        #expect(waits.contains("CONNECTED, 100 messages wait (45.0K), oldest 0:47, first expires in 0:13"))
        #expect(!waits.contains("acknowledged yet"))
        #expect(screen { ($0.queued, $0.bytes) = (1, 7) }.contains("1 message waits (7); all of it was sent to it"))
        #expect(screen { $0.behind = true }.contains("CONNECTED, something waits in one of its channels"))
        let away = screen { ($0.connected, $0.queued, $0.behind) = (false, 2, true) }
        #expect(away.contains("AWAY, last on w4; 2 messages wait"))
        #expect(screen { $0.connected = false }.contains("AWAY, and nothing waits for it."))
        let never = screen { ($0.connected, $0.queued, $0.worker) = (false, 2, nil) }
        #expect(never.contains("HAS NOT COME since the manager started; 2 messages wait"))
        #expect(never.contains("Is it the page's id? Workers refuse now: requests over bounds"))
        let unknown = screen { ($0.connected, $0.known, $0.worker) = (false, false, nil) }
        #expect(unknown.contains("NOT KNOWN: it never came and nothing waits for it"))
        #expect(
            screen { $0.revokedUntil = 1_795_442_551 }.contains(
                "Tokens made until 2026-11-23 14:02:31 UTC are revoked."))
    }
    @Test func anOldAnswer_isMarked_andAnOlderManagersIsRead() {
        #expect(screen({ _ in }, later: 30).contains("CONNECTED~, and"))
        let old = screen {
            ($0.known, $0.form, $0.behind, $0.bytes) = (nil, nil, nil, nil)
            $0.queued = 3
        }
        #expect(old.contains("CONNECTED, 3 messages wait") && !old.contains("acknowledged yet"))
    }
    @Test func whatHappenedLast_isInOneLine_andWhoPublished() {
        var model = ClientTests.model()
        var session = Session()
        session.overlay = .client(ClientLook(id: "alice", isTyped: true))
        func lines() -> [String] { Views.draw(model, session, Size(140, 36), Capabilities()).lines }
        let last = " LAST    delivered 14:02:24  came 14:02:23  ended 14:02:26 (closed)  lost 14:02:28  from app 17"
        #expect(lines().contains { $0.hasPrefix(last + "  since 14:02:23") })
        // The name of the app is known if it is among those that were told.
        model.told.apps.take(
            [
                AppsAnswer.Row(
                    number: 17, name: "jobs", peer: "a:1", form: "lines", connectedSeconds: 1, publishes: 1, bytes: 1,
                    errors: 0, idleSeconds: 0, backlogBytes: 0)
            ], more: 0, time: model.now)
        #expect(lines().contains { $0.hasPrefix(last + " jobs") })
        #expect(lines().contains { $0.contains("2 bytes  by app 17 jobs") })
        model = ClientTests.model([])
        #expect(lines().contains { $0.contains("LAST    nothing since 14:02:23: it is watched from then on") })
    }

    // MARK: users and channels

    private func model(_ name: Told.Group.Name, _ json: String) -> Model {
        var model = Samples.shown
        model.take(json, to: .group(name), time: model.now)
        return model
    }
    private static let user =
        #"{"user":"42","count":3,"connected":1,"clients":["#
        + #"{"client":"42:tab1","connected":false,"worker":3,"queued":7,"bytes":2048,"oldest_seconds":41},"#
        + #"{"client":"42:tab2","connected":true,"worker":null,"queued":0,"bytes":0,"oldest_seconds":0}]}"#
    private static let channel =
        #"{"channel":"room:7","subscribers":826,"connected":812,"users":640,"clients":["#
        + #"{"client":"alice","connected":true}],"more":825,"messages":[],"cursor":1,"kept":101,"bytes":3200,"#
        + #""oldest_seconds":50}"#
    private func typed(_ text: String, _ model: Model, _ session: inout Session) {
        for character in text {
            _ = KeyHandler(model, Size(80, 24)).handle(character == "\n" ? .enter : .character(character), &session)
        }
    }

    @Test(arguments: [Size(40, 12), Size(80, 24), Size(140, 36)]) func groups_areAsTheyWere(_ size: Size) throws {
        for (name, group, json) in [
            ("user", Told.Group.Name.user("42"), Self.user), ("channel", .channel("room:7"), Self.channel),
            ("user-unknown", .user("43"), #"{"user":"43","count":0,"connected":0,"clients":[]}"#),
        ] {
            var session = Session()
            session.overlay = .group(GroupLook(name: group))
            let text = Views.draw(model(group, json), session, size, Capabilities()).text
            try Golden.compare("group-\(name)-\(size.width)x\(size.height)", text)
        }
    }
    @Test func user_isTyped_andEnterOpensOneOfItsClients_andEscGoesBack() {
        let told = model(.user("42"), Self.user)
        var session = Session()
        typed(":user 42\n", told, &session)
        #expect(session.group == GroupLook(name: .user("42")))
        #expect(Question.group(.user("4 2")).target == "/clients?user=4%202&most=50")
        typed("j\n", told, &session)
        #expect(session.client?.id == "42:tab2" && session.client?.isTyped == true)
        _ = KeyHandler(told, Size(80, 24)).handle(.escape, &session)
        #expect(session.overlay == .group(GroupLook(name: .user("42"), chosen: "42:tab2")))
        typed("/queued>0\n", told, &session)
        let text = Views.draw(told, session, Size(80, 24), Capabilities()).text
        #expect(text.contains("42:tab1") && !text.contains("42:tab2"))
    }
    /// The operator has typed the channel's name, and not who subscribes to it.
    @Test func subscribers_areHashed_andTheRateIsThatOfWhatIsKept() {
        let told = model(.channel("room:7"), Self.channel)
        var session = Session()
        typed(":channel room:7\n", told, &session)
        let text = Views.draw(told, session, Size(80, 24), Capabilities()).text
        #expect(text.contains("826 subscribers, 812 connected") && text.contains("c#a78872") && !text.contains("alice"))
        #expect(text.contains("KEPT    101 messages  3.1K  oldest 0:50  about 2.0/s  users 640"))
        typed("\n", told, &session)
        #expect(
            session.client
                == ClientLook(id: "alice", isTyped: false, group: GroupLook(name: .channel("room:7"), chosen: "alice")))
    }
    @Test func olderManagersAndMistakes_areSaid() {
        func text(_ json: String) -> String {
            var session = Session()
            session.overlay = .group(GroupLook(name: .user("42")))
            return Views.draw(model(.user("42"), json), session, Size(80, 24), Capabilities()).text
        }
        #expect(text(#"{"clients":[]}"#).contains("the manager is older, and knows no users"))
        #expect(text(#"{"error":{"code":"bad_user","message":"user has a colon"}}"#).contains("user has a colon"))
        var session = Session()
        session.overlay = .group(GroupLook(name: .user("42")))
        #expect(Views.draw(Samples.shown, session, Size(80, 24), Capabilities()).text.contains("asking the manager"))
    }
}
