import { describe, expect, it } from "vitest";
import { parseExceptions } from "./exceptions.ts";

const list = `
# our own
192.0.2.0/24        # the office
2001:db8::/32
example.org
*.example.net
.example.com
Bücher.example
Setup.EXE
D41D8CD98F00B204E9800998ECF8427E
https://portal.other.example/login#start
postmaster@mail.other.example
443
00:11:22:33:44:55
`;
const { exceptions, bad } = parseExceptions(list);

describe("an exception holds back", () => {
  it.each<[string, string, string | undefined]>([
    ["ip-dst", "192.0.2.77", "192.0.2.0/24"],
    ["ip-src", "192.0.3.1", undefined],
    ["ip-dst", "192.0.2.128/25", "192.0.2.0/24"],
    ["ip-dst", "192.0.0.0/16", undefined],
    ["ip-dst", "2001:DB8:0::5", "2001:db8::/32"],
    ["ip-dst|port", "192.0.2.77|443", "192.0.2.0/24"],
    ["ip-dst|port", "198.51.100.1|443", undefined],
    ["port", "443", "443"],
    ["mac-address", "00:11:22:33:44:55", "00:11:22:33:44:55"],
    ["domain", "example.org", "example.org"],
    ["domain", "EXAMPLE.org.", "example.org"],
    ["hostname", "www.deep.example.org", "example.org"],
    ["domain", "notexample.org", undefined],
    ["domain", "org", undefined],
    ["domain", "example.org.evil.example", undefined],
    ["hostname", "a.example.net", "*.example.net"],
    ["domain", "example.net", "*.example.net"],
    ["domain", "x.example.com", ".example.com"],
    ["domain", "xn--bcher-kva.example", "Bücher.example"],
    ["domain", "www.bücher.example", "Bücher.example"],
    ["hostname|port", "www.example.org|8080", "example.org"],
    ["domain|ip", "evil.example|192.0.2.9", "192.0.2.0/24"],
    ["domain|ip", "www.example.org|198.51.100.9", "example.org"],
    ["domain|ip", "evil.example|198.51.100.9", undefined],
    ["url", "https://www.example.org/path?q#f", "example.org"],
    ["url", "hxxps://www.example[.]org/path", "example.org"],
    ["url", "www.example.org/path", "example.org"],
    ["url", "http://user:p@WWW.example.org:8080/", "example.org"],
    ["url", "http://192.0.2.5:8000/x", "192.0.2.0/24"],
    ["url", "http://[2001:db8::1]/x", "2001:db8::/32"],
    ["url", "http://bücher.example/", "Bücher.example"],
    ["url", "http://example.org@evil.example/", undefined],
    ["url", "http://evil.example/example.org", undefined],
    ["url", "https://PORTAL.other.example/login#start", "https://portal.other.example/login#start"],
    ["url", "https://portal.other.example/other", undefined],
    ["email-src", "somebody@mail.example.org", "example.org"],
    ["email-src", "example.org@evil.example", undefined],
    ["email-dst", "postmaster@mail.other.example", "postmaster@mail.other.example"],
    ["email-dst", "other@mail.other.example", undefined],
    ["filename", "setup.exe", "Setup.EXE"],
    ["filename|md5", "a.doc|d41d8cd98f00b204e9800998ecf8427e", "D41D8CD98F00B204E9800998ECF8427E"],
    ["malware-sample", "setup.exe|00000000000000000000000000000000", "Setup.EXE"],
    ["md5", "d41d8cd98f00b204e9800998ecf8427f", undefined],
    ["url", "http://%/", undefined],
    ["mutex", "", undefined],
  ])("%s %s: %s", (type, value, item) => {
    expect(exceptions.exceptionFor(type, value)).toBe(item);
  });
});

describe("the list", () => {
  it("takes comments, Windows' line ends and a byte order mark, and counts each item once", () => {
    expect(bad).toEqual([]);
    expect(exceptions.size).toBe(12);
    const other = parseExceptions("\ufeffexample.org\r\n\r\n  example.org # again\r\n");
    expect(other.exceptions.size).toBe(1);
    expect(other.exceptions.exceptionFor("domain", "example.org")).toBe("example.org");
  });

  it.each([
    ["10.0.0.0/33", "neither an IP address nor a network"],
    ["10.0.0", "neither an IP address nor a network"],
    ["10/8", "neither an IP address nor a network"],
    ["2001:db8:1::2::3", "neither an IP address nor a network"],
    ["300.1.1.1", "neither an IP address nor a network"],
    ["2001:db8::/129", "neither an IP address nor a network"],
    ["a*.example.org", "a * stands only for all names below"],
    ["www.*.org", "a * stands only for all names below"],
    ["x\u0000y", "control characters"],
    ["\ufffd", "control characters, or not UTF-8"],
    ["x".repeat(9000), "longer than 8192"],
  ])("%j cannot be meant: it is left out, with its line", (item, message) => {
    const { exceptions: rest, bad: lines } = parseExceptions(`example.org\n${item}\nexample.net`);
    expect(lines).toEqual([{ line: 2, message: expect.stringContaining(message) }]);
    expect(rest.size).toBe(2);
  });

  it("means the same whatever the order, the comments, and what is there twice", () => {
    const digest = (text: string) => parseExceptions(text).exceptions.digest;
    expect(digest("a.example\nb.example")).toBe(digest("# x\nb.example\na.example # y\nb.example"));
    expect(digest("a.example")).not.toBe(digest("a.example\nb.example"));
  });

  it("empty holds nothing back", () => {
    expect(parseExceptions("").exceptions.exceptionFor("domain", "example.org")).toBeUndefined();
  });
});
