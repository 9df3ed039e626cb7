package blob

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

const (
	// traceVersion is the first line of a trace. That of a result manifest is another.
	traceVersion = "theta.trace/1"
	// MinTraceBytes is the size of the shortest encoded trace.
	MinTraceBytes = len(traceVersion) + 1 + 7 + 65 + 5 + 2 + 6 + 65
	// MaxTraceBytes is the size of the longest encoded trace.
	MaxTraceBytes = MinTraceBytes + 19
)

// Trace holds what the chain's tag of a result is made of, together with the digest of the
// result's manifest. Nodes deliver it with the manifest, because the files cannot be checked
// without it.
type Trace struct {
	// Result is the SHA-256 of the result manifest.
	Result Digest
	// Fuel that the program used, in the fuel of its profile.
	Fuel uint64
	// Trace of the program under the key of the task's first round.
	Trace [32]byte
}

// Encode returns the bytes of a trace, between MinTraceBytes and MaxTraceBytes.
func (t Trace) Encode() []byte {
	return fmt.Appendf(nil, "%s\nresult %s\nfuel %d\ntrace %x\n", traceVersion, t.Result, t.Fuel, t.Trace)
}

// DecodeTrace reads what Encode writes; ok is false for any other content.
func DecodeTrace(content []byte) (t Trace, ok bool) {
	if len(content) < MinTraceBytes || len(content) > MaxTraceBytes {
		return Trace{}, false
	}
	lines := strings.Split(string(content), "\n")
	if len(lines) != 5 {
		return Trace{}, false
	}
	result, err := hex.DecodeString(strings.TrimPrefix(lines[1], "result "))
	if err != nil {
		return Trace{}, false
	}
	if t.Fuel, err = strconv.ParseUint(strings.TrimPrefix(lines[2], "fuel "), 10, 64); err != nil {
		return Trace{}, false
	}
	trace, err := hex.DecodeString(strings.TrimPrefix(lines[3], "trace "))
	if err != nil {
		return Trace{}, false
	}
	copy(t.Result[:], result)
	copy(t.Trace[:], trace)
	return t, bytes.Equal(t.Encode(), content)
}
