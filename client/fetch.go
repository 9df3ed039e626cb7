package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/thetaedge/theta/sidecar/blob"
	"github.com/thetaedge/theta/sidecar/executor/manifest"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	// ManifestFile keeps the result manifest beside the files that it names.
	ManifestFile = ".theta-manifest"
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
	// Tag is the one of the chain's receipt that it matches, in round Round.
	Tag []byte
	// Round of the task.
	Round int
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
	digest, result := accepted(c.chainID, drops, receipt)
	if result == nil {
		if where.Kind, where.Items = AbsentResult, len(drops); where.Items == 0 {
			where.Kind = AbsentAll
		}
		return nil, &where
	}
	var encoded bytes.Buffer
	if _, err := relay.GetDrop(ctx, state.Token, digest, manifest.MaxEncodedBytes, &encoded); err != nil {
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
	if err := writeWhole(filepath.Join(dir, ManifestFile), encoded.Bytes(), 0o644); err != nil {
		return nil, err
	}
	return result, nil
}

// accepted finds the drop whose tag the chain has accepted; nil for none. The digest of a
// manifest's bytes is the result digest, so that nothing has to be fetched for it.
func accepted(chainID string, drops []blob.Drop, receipt *computetypes.Receipt) (blob.Digest, *Result) {
	for _, drop := range drops {
		if drop.Size > manifest.MaxEncodedBytes {
			continue
		}
		if round, tag := matchingTag(chainID, drop.Digest, receipt); tag != nil {
			return drop.Digest, &Result{Tag: tag, Round: round}
		}
	}
	return blob.Digest{}, nil
}

// matchingTag returns the tag of the receipt that a result digest gives, and its
// round; nil if there is none.
func matchingTag(chainID string, digest blob.Digest, receipt *computetypes.Receipt) (int, []byte) {
	for round, tag := range receipt.Tags {
		if len(tag) > 0 && bytes.Equal(tag, computetypes.Tag(chainID, receipt.JobId, receipt.Task, uint32(round), digest[:])) { //nolint:gosec // three rounds at most
			return round, tag
		}
	}
	return 0, nil
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
