import ArgumentParser
import Base
import Configuration
import ConfigurationFile
import DashboardCommand
import Glibc

/// An installed system has one program for both commands, and megatop is a link to it. That spares 20 MB.
@main
enum Program {
    static func main() {
        let isMegatop = CommandLine.arguments.first?.split(separator: "/").last == "megatop"
        isMegatop ? Megatop.main() : MegaComet.main()
    }
}

struct MegaComet: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "megacomet",
        abstract: "Runs the MegaComet appliance: supervisor, manager and workers.",
        discussion: """
            Examples:
              megacomet run                        in the foreground, with /etc/megacomet/megacomet.toml
              megacomet start -c my.toml           in the background; returns when everything is ready
              megacomet publish alice '"hello"'    pushes a message to the client alice
              megacomet status                     who runs; exit code 0 only if everything is ready
              megacomet rolling                    replaces every worker, and no client is refused
            """,
        version: Version.text,
        subcommands: [
            Run.self, Start.self, Stop.self, Status.self, Restart.self, Drain.self, RollingRestart.self, Reload.self,
            Upgrade.self, Publish.self, Follow.self, Clients.self, Addresses.self, Channels.self, Apps.self, Check.self,
            DoctorCommand.self,
            Journal.self, Events.self, Acknowledge.self, Hold.self, Kill.self, Log.self, Crashes.self, Top.self,
            Token.self, Keys.self,
        ])
}
