import ArgumentParser
import Base
import Configuration
import Supervision

struct Addresses: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Lists the busiest addresses of clients over all workers.",
        discussion:
            "Addresses are counted only if workers.max_per_address or workers.accepts_per_address is set. "
            + "An IPv6 address is its /64. Each worker tells its 100 busiest.")
    @OptionGroup var list: ListOptions
    @OptionGroup var config: ConfigurationOption

    func run() throws {
        var answer = try config.client().order(ControlRequest("addresses"), AddressesAnswer.self)
        answer.addresses = Array(answer.addresses.prefix(list.most))
        guard !list.json else { return print(JSONLine.text(answer)) }
        guard answer.counted else {
            return print("addresses are not counted: neither workers.max_per_address nor accepts_per_address is set")
        }
        print(cell("CONNS", 9) + cell("NEW/S", 9) + cell("REFUSED", 10) + "  ADDRESS")
        for row in answer.addresses {
            print(
                cell("\(row.connections)", 9) + cell(decimals(row.newPerSecond, 1), 9)
                    + cell("\(row.refused)", 10) + "  " + plainText(row.address)
                    + (row.proxy ? "  a proxy that workers.trusted_proxies does not name: not bounded" : ""))
        }
        if answer.addresses.isEmpty { print("no address is known") }
        for worker in answer.silent { print("\(plainText(worker)) did not answer") }
    }
}
