package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/blob/transfer"
	"github.com/thetaedge/theta/executor/manifest"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	// ManifestFile is the file with the result manifest, next to the files that it names.
	ManifestFile = ".theta-manifest"
	// TraceFile is the file with the other parts of the result's tag.
	TraceFile = ".theta-trace"
	// reservedPrefix begins the names of the files that this package saves next to outputs.
	reservedPrefix = ".theta-"
)

var (
	// ErrNoResult means that the job ended without an accepted result.
	ErrNoResult = errors.New("the job has no accepted result")
	// ErrNotDelivered means that the relay does not have a result that the chain accepted
	// or that a node revealed. Absence says what was found there.
	ErrNotDelivered = errors.New("not delivered")
)

// Result is a verified result on this machine.
type Result struct {
	// Manifest is the manifest on which the nodes agreed.
	Manifest manifest.Manifest
	// Tag is the tag of the first round in the chain's receipt.
	Tag []byte
	// Dir is the folder of the files; Path returns their paths.
	Dir string
	// Remarks are unverified explanations of why a program did not end by itself.
	Remarks []Remark

	// saved holds the files' paths in Dir by their paths in the manifest.
	saved map[string]string
}

// Fetch downloads the accepted result of a settled job from its drop box into dir. It
// checks every byte: the manifest against the chain's tags, and the files against the
// manifest. It does not download correct files that are there already.
func (c *Client) Fetch(ctx context.Context, state *State, settlement *Settlement, dir string) (*Result, error) {
	if !settlement.Accepted() {
		return nil, fmt.Errorf("%w: it ended %s", ErrNoResult, StatusName(settlement.Job.Status))
	}
	return c.fetchReceipt(ctx, state, settlement.Receipt, dir)
}

// fetchReceipt downloads the result whose tag is in a receipt from its drop box into dir.
func (c *Client) fetchReceipt(ctx context.Context, state *State, receipt *computetypes.Receipt, dir string) (*Result, error) {
	relay, err := taskRelay(state, receipt.Task)
	if err != nil {
		return nil, err
	}
	where := Absence{Relay: state.Relay, JobID: receipt.JobId, Task: receipt.Task}
	drops, err := relay.ListDrops(ctx, state.Token)
	if err != nil {
		return nil, absent(where, err)
	}
	trace, err := accepted(ctx, relay, c.chainID, state.Token, drops, receipt)
	if err != nil {
		return nil, absent(where, err)
	}
	if trace == nil {
		if where.Kind, where.Items = AbsentResult, len(drops); where.Items == 0 {
			where.Kind = AbsentAll
		}
		return nil, &where
	}
	result := &Result{Tag: receipt.Tags[0]}
	var encoded bytes.Buffer
	if _, err := relay.GetDrop(ctx, state.Token, trace.Result, manifest.MaxEncodedBytes, &encoded); err != nil {
		where.File = "manifest"
		return nil, absent(where, err)
	}
	if result.Manifest, err = manifest.Decode(encoded.Bytes()); err != nil {
		return nil, fmt.Errorf("result manifest of job %s: %w", state.JobID, err)
	}
	result.Dir, result.saved = dir, SavedNames(result.Manifest.Files)
	if err := fetchFiles(ctx, relay, state.Token, result, where); err != nil {
		return nil, err
	}
	if result.Manifest.Reason != manifest.ReasonExited {
		result.Remarks = remarksIn(ctx, relay, state.Token, drops, receipt)
	}
	if err := result.writeNames(); err != nil {
		return nil, err
	}
	if err := writeWhole(filepath.Join(dir, TraceFile), trace.Encode(), 0o644); err != nil {
		return nil, err
	}
	if err := writeWhole(filepath.Join(dir, ManifestFile), encoded.Bytes(), 0o644); err != nil {
		return nil, err
	}
	return result, nil
}

// accepted finds the trace that gives the tag that the chain has accepted; nil for none.
// The trace names the manifest by its digest. Each node that works for the box can put as
// many drops there as the relay keeps per node, and can choose them so that they are listed
// first. Therefore no drop of a trace's size is left out, and they are read in an
// unpredictable order.
func accepted(
	ctx context.Context, relay *transfer.Client, chainID string, token blob.Token, drops []blob.Drop, receipt *computetypes.Receipt,
) (*blob.Trace, error) {
	size := int64(blob.MinTraceBytes - 1 + len(strconv.FormatUint(receipt.Fuel, 10)))
	for _, at := range rand.Perm(len(drops)) {
		drop := drops[at]
		if drop.Size != size {
			continue
		}
		var content bytes.Buffer
		get := func() error {
			content.Reset()
			_, err := relay.GetDrop(ctx, token, drop.Digest, size, &content)
			return err
		}
		err := get()
		if errors.Is(err, transfer.ErrBusy) { // a relay limits the requests per second
			err = patientTransfer(ctx, get)
		}
		if err != nil {
			if ctx.Err() != nil || transfer.Retryable(err) {
				return nil, err
			}
			continue // the drop was removed, or differs from its listing
		}
		if trace, ok := blob.DecodeTrace(content.Bytes()); ok && givesTag(chainID, trace, receipt) {
			return &trace, nil
		}
	}
	return nil, nil
}

// givesTag reports whether a result with a trace has the tag, the fuel and the exit code of a
// receipt. If all nodes that agreed have revealed others than those in their tag, no result
// gives them all.
func givesTag(chainID string, trace blob.Trace, receipt *computetypes.Receipt) bool {
	return len(receipt.Tags) > 0 && trace.Fuel == receipt.Fuel && bytes.Equal(receipt.Tags[0], computetypes.Tag(chainID, receipt.JobId, receipt.Task,
		computetypes.Opening{Digest: trace.Result[:], Fuel: trace.Fuel, ExitCode: receipt.ExitCode, Trace: trace.Trace[:]}))
}

func fetchFiles(ctx context.Context, relay *transfer.Client, token blob.Token, result *Result, where Absence) error {
	for _, file := range result.Manifest.Files {
		path := result.Path(file)
		if checkFile(path, file) == nil {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // results are the owner's to share
			return err
		}
		if file.Size == 0 {
			// Nodes need not deliver files that are always the same.
			if err := writeWhole(path, nil, 0o644); err != nil {
				return err
			}
			continue
		}
		if _, err := relay.FetchDrop(ctx, token, file.SHA256, int64(file.Size), path); err != nil { //nolint:gosec // a manifest's sizes fit
			where.File = file.Path
			return absent(where, err)
		}
	}
	return nil
}
