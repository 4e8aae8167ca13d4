import Base
import Crypto
import FreePorts
import Glibc
import TestSupport
import Testing

/// The webhook, from publishes with receipts to an app's server.
@Suite(.serialized) struct WebhookPostTests {
    @Test func requests_areSigned_andStayOnOneConnection() throws {
        let site = try WebhookSite()
        let ids = try site.publish(3)
        let first = try site.take(ids)
        let request = try #require(first.requests.first)
        #expect(request.method == "POST" && request.target == "/hook?room=7")
        #expect(request["content-type"] == "application/json" && request["expect"] == nil)
        #expect(request["user-agent"]?.hasPrefix("MegaComet/") == true)
        #expect(first.events.map(\.message).sorted() == ids && first.events.allSatisfy { $0.kind == "expired" })
        for request in first.requests { #expect(try WebhookSite.isSigned(request, by: WebhookSite.key)) }

        let more = try site.publish(2)
        let second = try site.take(more)
        #expect(second.events.map(\.message).sorted() == more)
        #expect(second.events[0].id > first.events[2].id)
        #expect(site.receiver.connections == 1)

        // The key changes at a reload, and is shown nowhere.
        let text = contents(ofFile: site.appliance.configuration)
        _ = try site.appliance.folder.write(
            "megacomet.toml", text.replacing(WebhookSite.key, with: WebhookSite.otherKey))
        #expect(try site.appliance.command("reload").output.contains("in force: app.webhook_key"))
        try eventually("requests are signed with the other key") {
            let taken = try site.take(try site.publish(1))
            return try taken.requests.allSatisfy { try WebhookSite.isSigned($0, by: WebhookSite.otherKey) }
        }
        var written = try site.appliance.events() + site.appliance.command("check", "--show").output
        written += try site.appliance.command("log", "webhook").output + (site.appliance.supervisor?.output ?? "")
        for pid in Processes.mentioning(site.appliance.folder.path) {
            written += contents(ofFile: "/proc/\(pid)/cmdline") + contents(ofFile: "/proc/\(pid)/environ")
        }
        for key in [WebhookSite.key, WebhookSite.otherKey] { #expect(!written.contains(key)) }
        #expect(written.contains("/hook?room=7"), "the command line of megahook was looked at")
    }

    @Test func whatIsNotTaken_comesAgain_unchanged() throws {
        let site = try WebhookSite()
        let ids = try site.publish(4)
        let refused = try site.receiver.next()
        try site.receiver.answer(500, body: "no room")
        let again = try site.receiver.next()
        #expect(again.bodyBytes == refused.bodyBytes)
        // A redirect is not followed: the next request has the same target.
        try site.receiver.answer(307, ["Location: http://127.0.0.1:\(site.receiver.port)/elsewhere"])
        let third = try site.receiver.next()
        #expect(third.bodyBytes == refused.bodyBytes && third.target == "/hook?room=7")
        // Two pauses lie between them, over a second together.
        #expect(third["x-megacomet-signature"] != refused["x-megacomet-signature"], "it has a time of its own")
        try site.receiver.answer(204)
        var taken = try WebhookSite.events(in: third)
        // Messages that expired later come behind, and are answered by 200.
        let rest = try site.take(ids.filter { id in !taken.contains { $0.message == id } })
        let status = rest.requests.isEmpty ? 204 : 200
        taken += rest.events
        #expect(taken.map(\.message).sorted() == ids)

        try eventually("it is said") {
            let events = try site.appliance.events()
            return events.contains("it answers 500")
                && events.contains("it answers 307, a redirect, which is not followed")
        }
        try eventually("it has recovered") { try site.appliance.events().contains("takes events again") }
        #expect(try !site.appliance.events().contains("room=7"), "the URL's path may be a secret")
        try eventually("the metrics say so") {
            let text = try site.metrics()
            return text.contains("megacomet_webhook_failures_total 2\n")
                && text.contains("megacomet_webhook_events_posted_total 4\n")
                && text.contains("megacomet_webhook_last_status \(status)\n")
                && text.contains("megacomet_child_state{process=\"webhook\",state=\"ready\"} 1\n")
        }
    }

    @Test func anAppThatIsAway_getsItLater() throws {
        let site = try WebhookSite()
        site.receiver.goAway()
        let ids = try site.publish(3)
        try eventually("it is said") { try site.appliance.events().contains("did not take the events") }
        try eventually("the app is no part of this machine") {
            try HTTP.request("GET", "/health", port: site.appliance.operatorPort).status == 200
        }
        try site.receiver.comeBack()
        #expect(try site.take(ids).events.map(\.message).sorted() == ids)
    }

    /// Its status counts, and the rest is not read.
    @Test func anAnswerWithoutEnd_isCutShort() throws {
        let site = try WebhookSite()
        let ids = try site.publish(1)
        let request = try site.receiver.next()
        #expect(try site.receiver.answerWithoutEnd(200) < 100_000_000)
        #expect(try WebhookSite.events(in: request).map(\.message).sorted() == ids)
        let more = try site.publish(1)
        #expect(try site.take(more).events.map(\.message).sorted() == more, "the first one was taken")
        #expect(site.receiver.connections == 2)
    }

    @Test func anAppThatDoesNotAnswer_isAskedAgainAfterTenSeconds() throws {
        let site = try WebhookSite()
        _ = try site.publish(1)
        let silent = try site.receiver.next()
        let again = try site.receiver.next(seconds: 60)
        #expect(again.bodyBytes == silent.bodyBytes && site.receiver.connections == 2)
        try site.receiver.answer(200)
        try eventually("it is said") { try site.appliance.events().contains("Timeout was reached") }
    }

    /// Each event comes at least once, in order, and a repeated one has the same id.
    @Test func kills_loseNothing() throws {
        let site = try WebhookSite()
        var (ids, events): ([Int], [WebhookSite.Told]) = ([], [])
        for round in 0..<6 {
            ids += try site.publish(20)
            let request = try site.receiver.next()
            events += try WebhookSite.events(in: request)
            // The app has kept the events, and the process dies before it learns of that, or the manager does.
            let name = ["webhook", "manager"][round % 2]
            let pid = try site.appliance.pid(name)
            kill(pid, SIGKILL)
            try site.receiver.answer(200)
            try site.appliance.waitUntilReplaced(name, pid)
        }
        let wanted = Set(ids)
        while !wanted.isSubset(of: events.map(\.message)) {
            events += try WebhookSite.events(in: try site.receiver.next())
            try site.receiver.answer(200)
        }
        var known: [Int: WebhookSite.Told] = [:]
        var firsts: [Int] = []
        for event in events {
            if let before = known[event.id] { #expect(before == event) } else { firsts.append(event.id) }
            known[event.id] = event
        }
        #expect(firsts == firsts.sorted(), "in order, but for what is repeated")
        #expect(known.count == ids.count, "each event once, under one id")
        #expect(known.values.map(\.message).sorted() == ids.sorted())
    }

    @Test func restart_letsTheRequestEnd() throws {
        let supervisor =
            "watchdog = 1.0\ndrain = 60.0\nstop = 60.0\nrestart_delay = 0.1\ncrashloop_window = 3.0"
        let site = try WebhookSite(["supervisor": supervisor])
        let before = try site.appliance.pid("webhook")
        let workers = try site.appliance.pid("worker-0")
        let ids = try site.publish(1)
        let request = try site.receiver.next()
        let restart = try Program(
            "megacomet", ["restart", "megahook", "--wait", "-c", site.appliance.configuration],
            in: site.appliance.folder)
        try eventually("it drains") { try site.appliance.status().processes.contains { $0.state == "draining" } }
        try site.receiver.answer(200)
        #expect(try restart.waitForExit(seconds: 90) == .exited(0))
        #expect(try site.appliance.pid("webhook") != before)
        #expect(try WebhookSite.events(in: request).map(\.message).sorted() == ids)
        let more = try site.publish(1)
        #expect(try site.take(more).events.map(\.message).sorted() == more, "what was taken is not posted again")
        #expect(try site.appliance.command("rolling").end == .exited(0))
        #expect(try site.appliance.pid("worker-0") != workers)
        #expect(try site.appliance.command("drain", "webhook").output.contains("no clients to send away"))
    }

    @Test func theCertificate_mustBeGood() throws {
        let tls = try Ports.free()
        let folder = try Folder()
        let certificate = try TestCertificate.Files(folder, "one")
        // The worker's own port for TLS is the app. It has no such page, and says so.
        let site = try WebhookSite(
            url: "https://localhost:\(tls)/hook", app: "webhook_ca = \"\(certificate.certificate)\"\n",
            ["tls": certificate.settings + "base_port = \(tls)"])
        _ = try site.publish(1)
        try eventually("the answer came over TLS") { try site.appliance.events().contains("it answers 4") }
        let text = contents(ofFile: site.appliance.configuration)
        _ = try site.appliance.folder.write(
            "megacomet.toml", text.split(separator: "\n").filter { !$0.hasPrefix("webhook_ca") }.joined(separator: "\n")
        )
        #expect(try site.appliance.command("reload").output.contains("app.webhook_ca"))
        #expect(try site.appliance.command("restart", "webhook", "--wait").end == .exited(0))
        try eventually("nobody vouches for it") { try site.appliance.events().contains("posted again: SSL") }
    }

    /// They are kept only if the settings say so.
    @Test func clientsThatCome_areTold() throws {
        let site = try WebhookSite(app: "events = [\"clients\"]\n")
        let poller = site.appliance.poller("c1")
        try poller.start()
        let request = try site.receiver.next()
        try site.receiver.answer(200)
        let event = try JSON.parse(request.bodyBytes)["events"]?.array?.first
        #expect(event?["event"]?.string == "connected" && event?["client"]?.string == "c1")
    }

    @Test func anotherURL_isAskedAfterARestart() throws {
        let site = try WebhookSite()
        let text = contents(ofFile: site.appliance.configuration)
        _ = try site.appliance.folder.write("megacomet.toml", text.replacing("/hook?room=7", with: "/other"))
        #expect(try site.appliance.command("reload").output.contains("app.webhook"))
        #expect(try site.take(try site.publish(1)).requests.allSatisfy { $0.target == "/hook?room=7" })
        #expect(try site.appliance.command("restart", "webhook", "--wait").end == .exited(0))
        #expect(try site.take(try site.publish(1)).requests.allSatisfy { $0.target == "/other" })
    }
}
