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

	"github.com/thetaedge/theta/sidecar/blob"
	"github.com/thetaedge/theta/sidecar/executor/manifest"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	// ManifestFile keeps the result manifest beside the files that it names.
	ManifestFile = ".theta-manifest"
	// TraceFile keeps what else the result's tag is made of.
	TraceFile = ".theta-trace"
	// reservedPrefix starts the names of files that this package keeps beside outputs.
	reservedPrefix = ".theta-"
)

var (
	// ErrNoResult: the job ended without an accepted result.
	ErrNoResult = errors.New("the job has no accepted result")
	// ErrNotDelivered: what the chain accepted, or has been shown, could not be had from the
	// relay. Absence says what was found there.
	ErrNotDelivered = errors.New("not delivered")
)

// Result is a verified result on this machine.
type Result struct {
	// Manifest is what the nodes agreed on.
	Manifest manifest.Manifest
	// Tag is the one of the first round, as the chain's receipt has it.
	Tag []byte
	// Dir holds the files; Path says where.
	Dir string
	// Remarks say, unchecked, why a program did not end by itself.
	Remarks []Remark

	// saved are the files' paths in Dir by their paths in the manifest.
	saved map[string]string
}

// Fetch brings the accepted result of a settled job from its drop box into dir.
// Every byte is checked: the manifest against the chain's tags, the files against
// the manifest. Files that are there already and right are not fetched again.
func (c *Client) Fetch(ctx context.Context, state *State, settlement *Settlement, dir string) (*Result, error) {
	if !settlement.Accepted() {
		return nil, fmt.Errorf("%w: it ended %s", ErrNoResult, StatusName(settlement.Job.Status))
	}
	return c.fetchReceipt(ctx, state, settlement.Receipt, dir)
}

// fetchReceipt brings the result of which a receipt has the tag from its drop box into dir.
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

// accepted finds the trace that gives the tag which the chain has accepted; nil for none.
// It names the manifest by its digest. Each node that works for the box may put as many
// drops there as the relay keeps of one, and choose them so that they are listed first: none
// of a trace's size is left out, and they are read in an order that nobody knows.
func accepted(
	ctx context.Context, relay *blob.Client, chainID string, token blob.Token, drops []blob.Drop, receipt *computetypes.Receipt,
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
		if errors.Is(err, blob.ErrBusy) { // a relay bounds the requests of a second
			err = patientTransfer(ctx, get)
		}
		if err != nil {
			if ctx.Err() != nil || blob.Retryable(err) {
				return nil, err
			}
			continue // it is gone again, or not what it was said to be
		}
		if trace, ok := blob.DecodeTrace(content.Bytes()); ok && givesTag(chainID, trace, receipt) {
			return &trace, nil
		}
	}
	return nil, nil
}

// givesTag tells whether a result with a trace has the tag and the fuel of a receipt. Where
// all who agreed have revealed another fuel than their tag has, no result gives both.
func givesTag(chainID string, trace blob.Trace, receipt *computetypes.Receipt) bool {
	return len(receipt.Tags) > 0 && trace.Fuel == receipt.Fuel && bytes.Equal(receipt.Tags[0], computetypes.Tag(chainID, receipt.JobId, receipt.Task,
		computetypes.Opening{Digest: trace.Result[:], Fuel: trace.Fuel, Trace: trace.Trace[:]}))
}

func fetchFiles(ctx context.Context, relay *blob.Client, token blob.Token, result *Result, where Absence) error {
	for _, file := range result.Manifest.Files {
		path := result.Path(file)
		if checkFile(path, file) == nil {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // results are the owner's to share
			return err
		}
		if file.Size == 0 {
			// Nodes need not deliver what everybody knows.
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
