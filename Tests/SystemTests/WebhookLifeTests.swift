import FreePorts
import Glibc
import TestSupport
import Testing

/// The webhook's process under the supervisor. Nobody listens at its URL: that is no fault of this machine.
@Suite(.serialized) struct WebhookLifeTests {
    private static let url = "http://127.0.0.1:9/hook?room=7"
    private func appliance(_ app: String = "", starts: Bool = true) throws -> Appliance {
        let own = ["app": "webhook = \"\(Self.url)\"\n\(app)"]
        return try Appliance(workers: 1, SupervisionDeathTests.quick.merging(own) { $1 }, starts: starts)
    }

    @Test func itIsWatchedLikeAWorker() throws {
        let appliance = try appliance()
        #expect(try appliance.status().processes.map(\.name) == ["manager", "webhook", "worker-0"])
        var pid = try appliance.pid("webhook")
        for number in [SIGKILL, SIGSTOP] {
            kill(pid, number)
            try appliance.waitUntilReplaced("webhook", pid)
            pid = try appliance.pid("webhook")
        }
        let events = try appliance.events()
        for text in ["webhook EXIT", "signal 9 (SIGKILL)", "webhook SUSPECT", "webhook HANG"] {
            #expect(events.contains(text), "\(text): \(events)")
        }
        try eventually("all is well") {
            try HTTP.request("GET", "/health", port: appliance.operatorPort).status == 200
        }
        try eventually("its metrics are there") {
            let text = try HTTP.request("GET", "/metrics", port: appliance.operatorPort).body
            return text.contains("\nmegacomet_webhook_requests_total 0\n")
                && text.contains("\nmegacomet_child_exits_total{process=\"webhook\"} 2\n")
        }
        let worker = try appliance.pid("worker-0")
        #expect(try appliance.command("rolling").end == .exited(0))
        #expect(try appliance.pid("webhook") == pid && appliance.pid("worker-0") != worker)
        #expect(try appliance.command("drain", "webhook").output.contains("no clients to send away"))
        #expect(try appliance.command("restart", "megahook", "--wait").end == .exited(0))
        #expect(try appliance.pid("webhook") != pid)
        #expect(try appliance.command("stop", "webhook").end == .exited(0))
        #expect(try appliance.command("start", "hook").end == .exited(0))
        try appliance.waitUntilReady()
    }

    @Test func theNextSupervisor_adoptsIt() throws {
        let appliance = try appliance("webhook_key = \"hushhush\"")
        let pid = try appliance.pid("webhook")
        appliance.killSupervisor()
        try appliance.start()
        #expect(try appliance.pid("webhook") == pid)
        #expect(try appliance.events().contains("webhook ADOPTED"))
        #expect(try appliance.command("upgrade").end == .exited(0))
        try appliance.waitUntilReady()
        #expect(try appliance.pid("webhook") == pid, "it is adopted again")
        #expect(access("\(appliance.folder.path)/run/webhook.key", F_OK) == 0)
        appliance.end()
        #expect(access("\(appliance.folder.path)/run/webhook.key", F_OK) != 0, "no key is left behind")
    }

    @Test func onAndOff_needStopAndStart_andAnotherURLARestart() throws {
        let appliance = try appliance()
        let text = contents(ofFile: appliance.configuration)
        func change(_ line: String) throws -> String {
            _ = try appliance.folder.write(
                "megacomet.toml", text.replacing("webhook = \"\(Self.url)\"", with: line))
            return try appliance.command("reload").output
        }
        #expect(
            try change("webhook = \"http://127.0.0.1:9/other\"").contains("(`megacomet restart webhook`): app.webhook"))
        #expect(try appliance.command("restart", "webhook", "--wait").end == .exited(0))
        let arguments = contents(ofFile: "/proc/\(try appliance.pid("webhook"))/cmdline")
        #expect(arguments.contains("http://127.0.0.1:9/other"))
        #expect(try change("webhook = \"\"").contains("needs `megacomet stop` and `start`: app.webhook"))
        try appliance.waitUntilReady()
        #expect(try change("webhook = \"http://shop:hushhush@app/\"").contains("a user or a password"))
        #expect(try !appliance.events().contains("hushhush"))
        appliance.end()
        _ = try change("webhook = \"\"")
        try appliance.start()
        #expect(try appliance.status().processes.map(\.name) == ["manager", "worker-0"])
        #expect(try change("webhook = \"http://app/\"").contains("needs `megacomet stop` and `start`: app.webhook"))
    }

    @Test func aBadKeyFile_isRefused_beforeAnythingStarts_andAtAReload() throws {
        let appliance = try appliance("webhook_key_file = \"KEYFILE\"", starts: false)
        let key = try appliance.folder.write("webhook.key", "short\n")
        let text = contents(ofFile: appliance.configuration)
        _ = try appliance.folder.write("megacomet.toml", text.replacing("KEYFILE", with: key))
        let refusal = "app.webhook_key_file: the key in \(key) has 5 bytes, and a key has 8 to 512"
        for words in ["run", "check"] {
            let run = try appliance.command(words)
            #expect(run.end == .exited(78) && run.output.contains(refusal), "\(run)")
        }
        _ = try appliance.folder.write("webhook.key", "hushhush\n")
        try appliance.start()
        #expect(contents(ofFile: "\(appliance.folder.path)/run/webhook.key") == "hushhush")
        _ = try appliance.folder.write("webhook.key", "hush\u{1}hush")
        #expect(try appliance.command("reload").output.contains("has a control character in it"))
        _ = try appliance.folder.write("webhook.key", "otherhush")
        #expect(try appliance.command("reload").output.contains("in force: app.webhook_key_file"))
        #expect(contents(ofFile: "\(appliance.folder.path)/run/webhook.key") == "otherhush")
        chmod(key, 0o644)
        #expect(try appliance.command("check").output.contains("everyone on this machine can use \(key)"))
    }

    @Test func withoutItsProgram_nothingStarts() throws {
        let appliance = try appliance(starts: false)
        _ = try appliance.replaceWorker(byScript: "#!/bin/sh\n")
        let program = try appliance.launch()
        #expect(try program.waitForExit() == .exited(69))
        #expect(program.output.contains("a program is missing: \(appliance.folder.path)/programs/megahook"))
    }
}
