import Glibc
import TestSupport
import Testing

/// The supervisor dies while somebody looks.
struct MegatopLostTests {
    @Test func deadSupervisor_isLostByTheEndOfItsSocket_andTheProcessesTimeRunsDown() throws {
        let appliance = try Appliance(workers: 1)
        defer { appliance.end() }
        let screen = try TerminalScreen(width: 120, height: 30, appliance)
        defer { screen.end() }
        try screen.expect("2/2 ok")
        appliance.killSupervisor()
        // Silence alone is taken for a loss after four seconds. By then this picture would say LOST 0:04.
        try screen.expect {
            $0.contains("LOST 0:0") && $0.contains("2 of 2 processes are alive; in 0:")
        }
        try screen.expect { $0.contains("they drain and leave") && $0.contains("2/2~ ok") && !$0.contains("0/2 ok") }
        try appliance.start()
        try screen.expect { $0.contains("LIVE") && $0.contains("2/2 ok") }
    }
}
