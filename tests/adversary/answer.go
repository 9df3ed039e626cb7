package adversary

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// saltBytes is the length of a commitment's salt.
const saltBytes = 32

// program is the smallest wasm program: its _start returns.
const program = "\x00asm\x01\x00\x00\x00" +
	"\x01\x04\x01\x60\x00\x00" + // type: no parameters, no results
	"\x03\x02\x01\x00" + // one function
	"\x05\x03\x01\x00\x01" + // one page of memory
	"\x07\x13\x02\x06_start\x00\x00\x06memory\x02\x00" +
	"\x0a\x04\x01\x02\x00\x0b"

// endless is a program that never returns.
const endless = "\x00asm\x01\x00\x00\x00" +
	"\x01\x04\x01\x60\x00\x00" +
	"\x03\x02\x01\x00" +
	"\x05\x03\x01\x00\x01" +
	"\x07\x13\x02\x06_start\x00\x00\x06memory\x02\x00" +
	"\x0a\x09\x01\x07\x00\x03\x40\x0c\x00\x0b\x0b" // loop: br 0

// answer is a result as a commitment fixes it.
type answer struct {
	digest []byte
	// exit is the program's exit code, 0 if it does not have one.
	exit uint32
	// fuel is the fuel that the node reports.
	fuel uint64
	// work is the execution that gives the traces of the answer. It is nil for an answer whose traces
	// are made up.
	work *work
	// unproven reports whether the trace under the key of the node's own round is made up.
	unproven bool
}

// exitOf returns the exit code to which a node commits.
func exitOf(result executor.Result) uint32 {
	if result.Reason != manifest.ReasonExited {
		return 0
	}
	return uint32(result.ExitCode) //nolint:gosec // the same 32 bits
}

// altered returns a wrong answer. Equal notes make equal lies.
func (a answer) altered(note string) answer {
	sum := sha256.Sum256(append([]byte(note), a.digest...))
	return answer{digest: sum[:], fuel: a.fuel}
}

// shown returns the opening from which the tag of an answer is made, in the round of an
// assignment.
func (a answer) shown(ctx context.Context, l *lab, item computetypes.WorkItem) (computetypes.Opening, error) {
	shown := computetypes.Opening{Round: item.Ref.Round, Digest: a.digest, Fuel: a.fuel, ExitCode: a.exit}
	var traces []executor.Trace
	for _, key := range item.TraceKeys {
		traces = append(traces, sha256.Sum256(append([]byte("made up"), append(key, a.digest...)...)))
	}
	if a.work != nil {
		result, _, err := l.execute(ctx, *a.work, item.TraceKeys, "")
		if err != nil {
			return shown, err
		}
		if a.unproven {
			copy(traces, result.Traces[:1])
		} else {
			traces = result.Traces
		}
	}
	if len(traces) == 0 {
		return shown, fmt.Errorf("expected keys of traces for task %d of job %s, found none", item.Ref.Task, item.Ref.JobId)
	}
	shown.Trace = traces[0][:]
	if len(traces) > 1 {
		shown.OwnTrace = traces[1][:]
	}
	return shown, nil
}

// secret is what a node keeps between its commitment and its reveal.
type secret struct {
	answer    answer
	shown     computetypes.Opening
	tag, salt []byte
	// chunk contains the results of a chunk of several tasks, whose root is the tag.
	chunk *chunkSecret
}

// seal makes the commitment to an answer in one round.
func (h *hand) seal(ctx context.Context, item computetypes.WorkItem, a answer) (secret, []byte, error) {
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt) // never fails
	shown, err := a.shown(ctx, h.stage.lab, item)
	tag := computetypes.Tag(h.stage.chainID(), item.Ref.JobId, item.Ref.Task, shown)
	s := secret{answer: a, shown: shown, tag: tag, salt: salt}
	return s, computetypes.Commitment(h.operator.Address(), tag, a.exit, salt), err
}

// reveal returns the item that reveals what was committed.
func (s secret) reveal(ref computetypes.ChunkRef) computetypes.RevealItem {
	return computetypes.RevealItem{
		Ref: ref, Tag: s.tag, Salt: s.salt, ExitCode: s.answer.exit, Metrics: computetypes.Metrics{Fuel: s.answer.fuel},
	}
}

func keyOf(ref computetypes.ChunkRef) store.Key {
	return store.Key{JobID: ref.JobId, Task: ref.Task, Round: ref.Round}
}
