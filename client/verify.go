package client

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/executor/manifest"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// ErrMismatch means that the files in the folder are not the result that the chain
// accepted.
var ErrMismatch = errors.New("the files are not the accepted result")

// Verify checks a saved result against the receipt on the chain: the manifest's tag, then
// the size and digest of each file. The error wraps ErrMismatch and names the first file
// that differs.
func (c *Client) Verify(ctx context.Context, jobID, dir string) (*Result, error) {
	settlement, err := c.Recorded(ctx, jobID)
	if err != nil {
		return nil, err
	}
	if settlement.Receipt == nil {
		return nil, fmt.Errorf("job %s is an array; verify it with VerifyArray", jobID)
	}
	return VerifyReceipt(c.chainID, settlement.Receipt, dir)
}

// Recorded returns what a node shows about a job that has ended: its receipt, even long
// after, or the record of an array.
func (c *Client) Recorded(ctx context.Context, jobID string) (*Settlement, error) {
	receipt, err := c.compute.Receipt(ctx, &computetypes.QueryReceiptRequest{JobId: jobID})
	if err == nil {
		return &Settlement{Receipt: &receipt.Receipt}, nil
	}
	if !isNotFound(err) {
		return nil, fmt.Errorf("receipt of job %s: %w", jobID, plain(err))
	}
	job, err := c.compute.Job(ctx, &computetypes.QueryJobRequest{JobId: jobID})
	switch {
	case isNotFound(err) || err == nil && (job.Job.Tasks <= 1 || !job.Job.Ended()):
		return nil, fmt.Errorf("job %s has no receipt on %s; it has not ended or its id is wrong", jobID, c.chainID)
	case err != nil:
		return nil, fmt.Errorf("job %s: %w", jobID, plain(err))
	}
	return &Settlement{Job: job.Job}, nil
}

// VerifyReceipt checks a saved result against a receipt, without a node; client/proven
// reads receipts with proofs. The error wraps ErrMismatch and names the first file that
// differs.
func VerifyReceipt(chainID string, receipt *computetypes.Receipt, dir string) (*Result, error) {
	jobID := receipt.JobId
	if receipt.Status != computetypes.CHUNK_STATUS_ACCEPTED {
		return nil, fmt.Errorf("job %s: %w: its task ended %s", jobID, ErrNoResult, receipt.Status)
	}
	encoded, err := readManifest(dir)
	if err != nil {
		return nil, err
	}
	trace, err := readTrace(dir)
	if err != nil {
		return nil, err
	}
	if digest := blob.DigestOf(encoded); digest != trace.Result {
		return nil, fmt.Errorf("%w: %s has result digest %s, and %s has %s; fetch the result again",
			ErrMismatch, filepath.Join(dir, ManifestFile), digest, filepath.Join(dir, TraceFile), trace.Result)
	}
	if !givesTag(chainID, trace, receipt) {
		return nil, fmt.Errorf("%w: %s and %s have result digest %s, fuel %d and trace %x, which do not give the tag of job %s on %s with the fuel %d of its receipt",
			ErrMismatch, filepath.Join(dir, ManifestFile), TraceFile, trace.Result, trace.Fuel, trace.Trace, jobID, chainID, receipt.Fuel)
	}
	saved, err := manifest.Decode(encoded)
	if err != nil {
		return nil, err
	}
	result := &Result{Manifest: saved, Tag: receipt.Tags[0], Dir: dir, saved: SavedNames(saved.Files)}
	for _, file := range saved.Files {
		if err := checkFile(result.Path(file), file); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrMismatch, err)
		}
	}
	return result, nil
}

// readTrace returns the trace that was saved with a result.
func readTrace(dir string) (blob.Trace, error) {
	encoded, err := readSaved(filepath.Join(dir, TraceFile), int64(blob.MaxTraceBytes))
	if err != nil {
		return blob.Trace{}, err
	}
	trace, ok := blob.DecodeTrace(encoded)
	if !ok {
		return trace, fmt.Errorf("%w: expected a trace as nodes deliver it in %s, found something else; fetch the result again", ErrMismatch, filepath.Join(dir, TraceFile))
	}
	return trace, nil
}

func readManifest(dir string) ([]byte, error) {
	return readSaved(filepath.Join(dir, ManifestFile), manifest.MaxEncodedBytes)
}

// readSaved reads at most one byte more than the limit from a file that was saved with a
// result.
func readSaved(path string, most int64) ([]byte, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("expected the folder of a job's result, found one in which %s does not exist; choose another folder", path)
	}
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // read only
	return io.ReadAll(io.LimitReader(file, most+1))
}

// checkFile compares a file with its entry in a manifest.
func checkFile(path string, want manifest.File) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // read only
	hash := sha256.New()
	size, err := io.Copy(hash, file)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if uint64(size) != want.Size { //nolint:gosec // sizes are positive
		return fmt.Errorf("%s: expected %d bytes, found %d", path, want.Size, size)
	}
	if found := hash.Sum(nil); [sha256.Size]byte(found) != want.SHA256 {
		return fmt.Errorf("%s: expected sha256 %x, found %x", path, want.SHA256, found)
	}
	return nil
}
