import Glibc
import Reactor
import Testing

struct ShellTests {
    @Test(arguments: [
        ("/etc/megacomet.toml", "/etc/megacomet.toml"), ("/my folder/a.toml", "'/my folder/a.toml'"),
        ("it's", #"'it'\''s'"#), ("", "''"),
        ("$HOME", "'$HOME'"), ("ä", "'ä'"),
    ]) func aWord_canBePasted(word: String, pasted: String) { #expect(Shell.quoted(word) == pasted) }

    @Test func aConfiguration_isNamedFromAnyFolder() {
        #expect(Shell.option(configuration: nil) == "")
        #expect(Shell.option(configuration: "/proc/../etc/passwd") == " -c /etc/passwd")
        #expect(Shell.option(configuration: "/is/not there") == " -c '/is/not there'")
    }
    @Test func aProgram_isItsName_whereTheShellFindsIt() {
        #expect(Shell.typed("sh", in: "/my programs") == "sh")
        #expect(Shell.typed("no-such-program", in: "/my programs") == "'/my programs/no-such-program'")
    }
}
