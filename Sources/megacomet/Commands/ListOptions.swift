import ArgumentParser
import Base

/// The options of the commands that list clients or apps: the first rows of a longer list.
struct ListOptions: ParsableArguments {
    @Option(name: [.customShort("n"), .long], help: "The number of rows, at most 100.") var most = 10
    @Flag(help: "As JSON, in one line.") var json = false

    func validate() throws {
        if !(1...100).contains(most) { throw ValidationError("-n is a whole number from 1 to 100") }
    }
}

/// A cell at the right of its column. A space is before it, however long the text is.
func cell(_ text: String, _ width: Int) -> String { " " + text.rightAligned(width - 1) }
func cell(_ count: Double, _ width: Int) -> String { cell(whole(count), width) }
/// A count from JSON, however large it is.
func whole(_ count: Double) -> String { Int64(exactly: count.rounded()).map(String.init) ?? "\(count)" }
