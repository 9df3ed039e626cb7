package walls

import (
	"bufio"
	"bytes"
	"fmt"
	"regexp"
)

// secondSender matches calls that open a gRPC connection, or that sign or hand over a
// transaction, other than by client/grpcnode and client/tx.
var secondSender = regexp.MustCompile(
	`\bgrpc\.(NewClient|Dial|DialContext)\(` +
		`|\.(BroadcastTx|BroadcastTxSync|BroadcastTxAsync|BroadcastTxCommit)\(` +
		`|\bGenerateOrBroadcastTx(CLI|WithFactory)\(` +
		`|\bSignDoc\{|\bGetSignBytes(Adapter)?\(`)

// SecondSenders returns the lines of a source that connect to a node or send a transaction
// so, as "line: text".
func SecondSenders(source []byte) []string {
	var found []string
	lines := bufio.NewScanner(bytes.NewReader(source))
	for n := 1; lines.Scan(); n++ {
		if secondSender.Match(lines.Bytes()) {
			found = append(found, fmt.Sprintf("%d: %s", n, bytes.TrimSpace(lines.Bytes())))
		}
	}
	return found
}
