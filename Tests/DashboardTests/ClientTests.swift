import Base
import Dashboard
import Reactor
import Stats
import Supervision
import Testing
import Watch
import Wire

/// One client and what happens to it, and the way there.
struct ClientTests {
    private static let facts =
        #"{"client":"alice","connected":true,"worker":4,"queued":100,"channels":["room:7","news"],"known":true,"#
        + #""form":"stream","behind":true,"bytes":46080,"oldest_seconds":47,"expires_seconds":13,"revoked_until":null}"#
    private static let wall = Samples.wall - 8000
    /// Lines as the manager writes them.
    static let lines = [
        line("receiver", #""form":"stream","worker":4,"cursor":1795939118148040"#, 1_795_442_543_102),
        line("sent", #""message":1795939118148041,"bytes":12,"channel":"room:7""#, 1_795_442_544_233),
        line("delivered", #""message":1795939118148041"#, 1_795_442_544_234),
        line("acknowledged", #""cursor":1795939118148041"#, 1_795_442_545_870),
        line("sent", #""message":1795939118148042,"bytes":1,"user":"alice@example.org""#, 1_795_442_546_000),
        line("ended", #""why":"closed""#, 1_795_442_546_900),
        line("published", #""message":1795939118148043,"bytes":2,"app":17,"data":"secret""#, 1_795_442_547_000),
        line("expired", #""message":1795939118148043"#, 1_795_442_548_001),
    ]
    private static func line(_ event: String, _ members: String, _ time: Int) -> String {
        #"{"event":"\#(event)","client":"alice",\#(members),"time":\#(time)}"#
    }
    static func model(_ lines: [String] = lines, _ change: (inout Told.Followed) -> Void = { _ in }) -> Model {
        var model = Samples.shown
        model.take(facts, to: .client("alice"), time: model.now)
        var followed = Told.Followed(client: "alice")
        followed.began(wall: wall)
        for line in lines { followed.take(json: line, wall: wall) }
        change(&followed)
        model.told.followed = followed
        return model
    }
    private static func session(isTyped: Bool = true, bottom: Int? = nil) -> Session {
        var session = Session()
        session.screen = .queues
        session.overlay = .client(ClientLook(id: "alice", isTyped: isTyped, bottom: bottom))
        return session
    }
    private func text(_ model: Model, _ session: Session = session(), _ size: Size = Size(80, 24)) -> String {
        Views.draw(model, session, size, Capabilities()).text
    }

    @Test(arguments: [Size(40, 12), Size(80, 24), Size(140, 36)]) func screens_areAsTheyWere(_ size: Size) throws {
        let pictures: [(String, Model)] = [
            ("told", Self.model()), ("nothing", Self.model([])),
            ("refused", Self.model([]) { $0.refused("the manager says: 16 others follow a client: try again later") }),
            (
                "back",
                Self.model { followed in
                    followed.lost("the manager closed the connection", wall: Samples.wall - 900)
                    followed.began(wall: Samples.wall - 100)
                }
            ),
            ("lost", Self.model { $0.lost("127.0.0.1:9001: Connection refused", wall: Samples.wall - 900) }),
        ]
        for (name, model) in pictures {
            try Golden.compare("client-\(name)-\(size.width)x\(size.height)", text(model, Self.session(), size))
        }
        try Golden.compare(
            "client-hashed-\(size.width)x\(size.height)", text(Self.model(), Self.session(isTyped: false), size))
    }

    @Test func contents_areNeverShown() {
        #expect(!text(Self.model()).contains("secret"))
    }
    @Test func idFromAList_isHashed_asInTheList_andSoIsItsUser() {
        let model = Self.model()
        var session = Self.session(isTyped: false)
        #expect(!text(model, session).contains("alice") && text(model, session).contains("c#a78872"))
        (session.showsClientIDs, session.adminUntil) = (true, .max)
        #expect(
            text(model, session).contains(" CLIENT  alice\n") && text(model, session).contains("user alice@example"))
    }
    @Test func hostileTexts_moveNoCursor() {
        let line = "{\"event\":\"sent\",\"channel\":\"a\\u001b[2Jb\\nc\\u202e\",\"time\":1}"
        let grid = Views.draw(Self.model([line]), Self.session(), Size(80, 24), Capabilities())
        #expect(grid.lines.contains { $0.contains(#"channel a\u001b[2Jb\nc\u202e"#) })
    }
    @Test func garbageInsteadOfALine_changesNothing() {
        #expect(Self.model(["", "{", "[]", "\u{0}"]).told.followed?.rows.isEmpty == true)
    }
    @Test func linesThatWereLeftOut_areSaid() {
        #expect(text(Self.model([#"{"gap":true}"#])).contains("something was left out: too much happens at once"))
    }

    // MARK: following

    @Test func managersDeath_andReturn_areRemarks_andNothingIsSaidTwice() {
        var followed = Told.Followed(client: "alice")
        followed.lost("refused", wall: 1)
        #expect(followed.rows.isEmpty && followed.state == .lost("refused"), "it was never told anything")
        followed.began(wall: 2)
        #expect(followed.rows.isEmpty && followed.state == .following(since: 2))
        for _ in 0..<3 { followed.lost("gone", wall: 3) }
        followed.began(wall: 4)
        #expect(
            followed.rows == [
                .remark("nothing is known from here on: gone", time: 3, isBad: true),
                .remark("followed again; what happened meanwhile is not known", time: 4, isBad: false),
            ])
    }
    @Test func endOfTheConnection_isSaidInWords() {
        let endpoint = Endpoint("127.0.0.1", 9001)
        var followed = Told.Followed(client: "alice")
        followed.ended(
            .refused(#"{"error":{"code":"followers_full","message":"16 others follow a client: try again later"}}"#),
            endpoint, wall: 1)
        #expect(followed.state == .refused("the manager says: 16 others follow a client: try again later"))
        followed.ended(.refused("{\"error\":7}"), endpoint, wall: 1)
        #expect(followed.state == .refused("the manager says: what can't be read"))
        followed.ended(.unreachable("Connection refused"), endpoint, wall: 1)
        #expect(followed.state == .lost("127.0.0.1:9001: Connection refused"))
        followed.ended(.closed, endpoint, wall: 1)
        #expect(followed.state == .lost("the manager closed the connection"))
    }
    @Test func rowsAreBounded_andTheirNumbersStay() {
        var followed = Told.Followed(client: "alice")
        for number in 0..<1234 { followed.take(FollowedEvent("sent", time: UInt64(number)), wall: 0) }
        #expect(followed.rows.count == Told.Followed.most && followed.first == 734 && followed.last == 1233)
        #expect(followed.rows.first == .event(FollowedEvent("sent", time: 734)))
    }

    // MARK: keys

    private func press(_ keys: [Key], _ model: Model, _ session: inout Session, _ size: Size = Size(80, 24)) -> [Effect]
    {
        keys.flatMap { KeyHandler(model, size).handle($0, &session) }
    }
    private func typed(_ text: String) -> [Key] { text.map { $0 == "\n" ? .enter : .character($0) } }
    private func look(_ session: Session) -> ClientLook? {
        if case .client(let look)? = session.overlay { look } else { nil }
    }

    @Test func enterOnQueues_opensTheClients_andEnterOnOne_whatHappensToIt() {
        for size in [Size(80, 24), Size(140, 36), Size(40, 12)] {
            var session = Session()
            session.screen = .queues
            _ = press([.enter], Samples.shown, &session, size)
            #expect(session.overlay == .clients(chosen: nil) && session.client == nil)
            #expect(text(Samples.shown, session, size).contains(">c#a78872"))
            _ = press([.down, .down, .down, .up], Samples.shown, &session, size)
            #expect(session.overlay == .clients(chosen: "bob"))
            #expect(text(Samples.shown, session, size).contains(">c#9f244f"))
            _ = press([.enter], Samples.shown, &session, size)
            #expect(session.client == ClientLook(id: "bob", isTyped: false))
            _ = press([.escape], Samples.shown, &session, size)
            #expect(session.overlay == .clients(chosen: "bob") && session.client == nil)
            _ = press([.escape], Samples.shown, &session, size)
            #expect(session.overlay == nil && session.screen == .queues)
        }
    }
    /// The client at the cursor stays, whatever the next answer says.
    @Test func chosenClient_staysChosen_whenTheOrderChanges() {
        var model = Samples.shown
        var session = Session()
        session.screen = .queues
        session.overlay = .clients(chosen: "bob")
        model.told.clients.rows.reverse()
        _ = press([.enter], model, &session)
        #expect(session.client?.id == "bob")
        session.overlay = .clients(chosen: "bob")
        model.told.clients.rows = []
        _ = press([.enter], model, &session)
        #expect(session.client == nil && session.toast?.contains(":client ID") == true)
    }
    @Test func longList_showsTheChosenOne() {
        var model = Samples.shown
        model.told.clients.rows = (0..<50).map {
            .init(id: "client-\($0)", worker: .worker(0), queued: 7, bytes: 8, oldestSeconds: 9)
        }
        var session = Session()
        session.screen = .queues
        session.overlay = .clients(chosen: nil)
        _ = press([.end], model, &session)
        #expect(session.overlay == .clients(chosen: "client-49"))
        let shown = Views.draw(model, session, Size(80, 24), Capabilities()).lines
        #expect(shown.contains { $0.contains(">c#") })
    }
    @Test func idIsTyped_withTheSpacesInIt() {
        var session = Session()
        _ = press(typed(" :client  a  client \n"), Samples.shown, &session)
        #expect(session.client == ClientLook(id: "a  client", isTyped: true))
        #expect(Question.client(" a/b%ü").target == "/clients/%20a%2fb%25%c3%bc")
        _ = press([.escape], Samples.shown, &session)
        #expect(session.overlay == nil)
        _ = press(typed(":client\n"), Samples.shown, &session)
        #expect(session.overlay == nil && session.toast == ":client ID")
    }
    @Test func helpAndTyping_lieOverTheClient_andDoNotEndTheFollowing() {
        var session = Self.session()
        for keys in [[Key.character("?"), .escape], typed("/room\n"), typed(":") + [.escape]] {
            for key in keys {
                _ = press([key], Self.model(), &session)
                #expect(session.client?.id == "alice")
            }
            #expect(look(session) != nil)
        }
        _ = press([.character("1")], Self.model(), &session)
        #expect(session.client == nil && session.screen == .overview)
    }
    @Test func scrolledUp_thePictureStays_andAtTheEndItFollows() {
        func model(_ count: Int) -> Model {
            Self.model((0..<count).map { #"{"event":"sent","message":\#($0),"time":1}"# })
        }
        var session = Self.session()
        #expect(text(model(40), session).contains("sent          39\n"))
        _ = press([.up, .up], model(40), &session)
        #expect(look(session)?.bottom == 37)
        let before = text(model(40), session)
        #expect(before.contains(" 2 below") && before.contains("sent          37\n"))
        #expect(text(model(60), session).contains("sent          37\n"), "new ones move nothing")
        _ = press([.home], model(40), &session)
        #expect(text(model(40), session).contains("sent          0\n"))
        _ = press([.up, .down], model(40), &session)
        #expect(
            text(model(40), session).contains("sent          1\n")
                && !text(model(40), session).contains("sent          0\n"))
        _ = press([.end], model(40), &session)
        #expect(look(session)?.bottom == nil)
        // The row at which the operator looks has gone: the oldest that are left are shown.
        session = Self.session(bottom: 20)
        #expect(text(model(900), session).contains("sent          400\n"))
    }
    @Test func find_goesToOlderRows_andSaysWhenThereIsNone() {
        var session = Self.session()
        _ = press(typed("/acknowledged\nn"), Self.model(), &session)
        #expect(look(session)?.bottom == 3)
        _ = press(typed("n"), Self.model(), &session)
        #expect(session.toast == "no further line with \"acknowledged\"")
    }
    @Test func refusal_isAskedAgain_byEnterAlone() {
        var session = Self.session()
        #expect(press([.enter], Self.model(), &session).isEmpty)
        #expect(press([.enter], Self.model([]) { $0.refused("no") }, &session) == [.followAgain])
    }
    @Test func noOrder_isGivenFromHere() {
        var session = Self.session()
        session.adminUntil = .max
        _ = press(typed("K"), Self.model(), &session)
        #expect(look(session) != nil && session.toast?.contains("orders are for processes") == true)
    }
    @Test func recording_saysThatItHasNothingOfThis() {
        var model = Samples.shown
        model.link = .replay(isOver: false)
        #expect(text(model).contains("A recording does not have what happens to a client."))
    }
    @Test func factsThatAreOld_areMarked() {
        var model = Self.model()
        #expect(text(model).contains("connected to w4, stream  queued 100\n"))
        model.now += 30 * Samples.second
        #expect(text(model).contains("connected to w4, stream~  queued 100~\n"))
        model.take(
            #"{"client":"alice","connected":false,"queued":0,"channels":[]}"#, to: .client("alice"), time: model.now)
        #expect(text(model).contains("not connected; it has been on no worker  queued 0\n"))
        model.take(
            #"{"error":{"code":"right","message":"this key may not read (app.keys)"}}"#, to: .client("bob"), time: 1)
        #expect(text(model).contains("asking the manager ..."), "the answer is about another client")
    }
}
