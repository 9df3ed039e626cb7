package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/client/tx"
	"github.com/thetaedge/theta/internal/osfault"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	// StateFile is the name of the file with a job's local state.
	StateFile = ".theta-job.json"
	// stateVersion is the version of the file's layout.
	stateVersion = 1
)

// ErrNoState means that the folder holds no job.
var ErrNoState = errors.New("no job here")

// State is what this machine must remember about a job: the token that opens its results,
// and the transaction that posts it. With it, an interrupted run neither loses a paid
// result nor posts twice.
type State struct {
	Version int    `json:"version"`
	ChainID string `json:"chain_id"`
	Relay   string `json:"relay"`
	// Token opens the results.
	Token blob.Token `json:"token"`
	// Spec is the encoded spec.
	Spec []byte `json:"spec"`
	// Requester is the account that posts the job.
	Requester string `json:"requester,omitempty"`
	// Outside reports whether the transaction that posts the job is signed elsewhere. In
	// that case this program signs none.
	Outside bool `json:"outside,omitempty"`
	// Tx is the signed transaction that posts the job; empty before it is signed.
	Tx []byte `json:"tx,omitempty"`
	// TxTimeout is the last height at which a block can take it.
	TxTimeout int64 `json:"tx_timeout,omitempty"`
	// TxHeight is the height of the chain when the first of the transactions was signed.
	TxHeight int64 `json:"tx_height,omitempty"`
	// Replaced are transactions that were signed before with the same sequence. At most one
	// of all of them can run.
	Replaced [][]byte `json:"replaced,omitempty"`
	// Refusal says why the mempool of the only node that received the transaction refused
	// it; empty if another node may have taken it.
	Refusal string `json:"refusal,omitempty"`
	// Fee is the fee of the transaction.
	Fee string `json:"fee,omitempty"`
	// JobID is the id of the job when it is on the chain.
	JobID string `json:"job_id,omitempty"`
	// PostingFee is what the chain burned for the job.
	PostingFee string `json:"posting_fee,omitempty"`
	// Reserved is what was put into escrow.
	Reserved string `json:"reserved,omitempty"`
	// PlannedCost and PlannedBlocks are what the job was expected to cost and to last before
	// it was posted.
	PlannedCost   string `json:"planned_cost,omitempty"`
	PlannedBlocks uint64 `json:"planned_blocks,omitempty"`
	// Judges are the jobs whose judges were asked to deliver, by the first task of the chunk
	// that they have judged. Results of that chunk are read from what these judges deliver, and
	// not from what its own node does.
	Judges map[uint64]string `json:"judges,omitempty"`
	// Scanned is the last block whose receipts are known, for arrays.
	Scanned int64 `json:"scanned,omitempty"`
}

// NewState returns the first state of a packed job.
func (c *Client) NewState(packed *Packed) (*State, error) {
	spec, err := packed.Spec.Marshal()
	if err != nil {
		return nil, err
	}
	return &State{Version: stateVersion, ChainID: c.chainID, Relay: packed.Relay, Token: packed.Token, Spec: spec}, nil
}

// Note notes what a plan says, to be compared with what the job has cost in the end.
func (s *State) Note(plan *Plan) { s.PlannedCost, s.PlannedBlocks = plan.Cost.String(), plan.Blocks }

// LoadState reads the state in a folder. It returns ErrNoState if there is none.
func LoadState(dir string) (*State, error) {
	path := filepath.Join(dir, StateFile)
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s does not exist", ErrNoState, path)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the state of a job: %w", osfault.Explain(path, err))
	}
	var state State
	if err := json.Unmarshal(raw, &state); err != nil {
		return nil, fmt.Errorf("%s: expected the state of a job, found a file that is damaged: %w; %s. The file holds the only token that opens the results of a posted job, and the transaction that posts it: restore a backup if there is one. Move the file away to start again only if nothing was posted from this folder", path, err, osfault.Kept(path))
	}
	if state.Version != stateVersion {
		return nil, fmt.Errorf("%s: expected version %d, found %d; use the program that wrote it", path, stateVersion, state.Version)
	}
	return &state, nil
}

// ErrOtherState means that the folder holds a state that would be replaced and is not
// contained in the new one.
var ErrOtherState = errors.New("another program works on a job in this folder")

// Save writes the state so that only its owner can read it. It is on disk when Save
// returns. It fails with ErrOtherState if another program has written the folder since the
// state was made or loaded, because the token of that job, or its transaction, would be
// lost.
func (s *State) Save(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // results are the owner's to share
		return osfault.Explain(dir, err)
	}
	switch kept, err := LoadState(dir); {
	case errors.Is(err, ErrNoState):
	case err != nil:
		return err
	case !s.follows(kept):
		return fmt.Errorf("%w: expected the state that this program has loaded from %s, found a job or a transaction that it does not know; look at it with --resume, or choose another folder",
			ErrOtherState, filepath.Join(dir, StateFile))
	}
	raw, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return writeWhole(filepath.Join(dir, StateFile), append(raw, '\n'), 0o600)
}

// follows reports whether nothing is lost if s replaces the state in a folder.
func (s *State) follows(kept *State) bool {
	switch {
	case !kept.Posted():
		return true
	case s.Token != kept.Token || !bytes.Equal(s.Spec, kept.Spec):
		return false
	case kept.JobID != "":
		return s.JobID == kept.JobID
	case len(kept.Tx) == 0 || len(s.Tx) == 0 || bytes.Equal(s.Tx, kept.Tx):
		return true
	default:
		return slices.ContainsFunc(s.Replaced, func(tx []byte) bool { return bytes.Equal(tx, kept.Tx) })
	}
}

// Posted reports whether the job is on the chain or a transaction that posts it may be in
// progress.
func (s *State) Posted() bool { return s.JobID != "" || len(s.Tx) > 0 || s.Outside }

// SetAside renames the state in a folder to make room for another job's state, and returns
// the new name. The token in it is the only key to that job's results, so a state is never
// deleted.
func SetAside(dir string) (string, error) {
	path := filepath.Join(dir, StateFile)
	for n := 1; ; n++ {
		aside := filepath.Join(dir, fmt.Sprintf("%s.%d%s", strings.TrimSuffix(StateFile, filepath.Ext(StateFile)), n, filepath.Ext(StateFile)))
		// The name is reserved first, because a rename would replace an existing file.
		claimed, err := os.OpenFile(aside, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err == nil {
			err = errors.Join(claimed.Close(), os.Rename(path, aside))
		}
		if err != nil {
			return "", fmt.Errorf("rename %s to make room: %w", path, err)
		}
		return aside, nil
	}
}

// carry notes a transaction that is about to leave. Those before it have the same sequence.
func (s *State) carry(signed tx.Signed, cost Cost) {
	if len(s.Tx) > 0 {
		s.Replaced = append(slices.Clone(s.Replaced), s.Tx)
	} else {
		s.TxHeight = signed.Height
	}
	s.Tx, s.TxTimeout, s.Fee, s.Refusal = signed.Bytes, signed.TimeoutHeight, cost.Fee.String(), ""
}

// drop removes transactions none of which can run any more.
func (s *State) drop() {
	s.Tx, s.TxTimeout, s.TxHeight, s.Replaced, s.Refusal, s.Fee = nil, 0, 0, nil, "", ""
}

// signed returns the transactions of which one may be in progress, the newest last.
func (s *State) signed() ([]tx.Signed, error) {
	var txs []tx.Signed
	for _, raw := range append(slices.Clone(s.Replaced), s.Tx) {
		signed, err := tx.ReadSigned(raw)
		if err != nil {
			return nil, fmt.Errorf("transaction of the job: %w", err)
		}
		signed.Height = s.TxHeight
		if signed.Height == 0 {
			signed.Height = max(0, signed.TimeoutHeight-txLifeBlocks)
		}
		txs = append(txs, signed)
	}
	return txs, nil
}

// sequence returns the sequence with which the next transaction must be signed; nil means
// the account's next one.
func (s *State) sequence() (*uint64, error) {
	if len(s.Tx) == 0 {
		return nil, nil
	}
	signed, err := tx.ReadSigned(s.Tx)
	return &signed.Sequence, err
}

// JobSpec decodes the spec.
func (s *State) JobSpec() (computetypes.JobSpec, error) {
	var spec computetypes.JobSpec
	if err := spec.Unmarshal(s.Spec); err != nil {
		return spec, fmt.Errorf("spec of the job: %w", err)
	}
	return spec, nil
}

// Array reports whether the job has tasks in numbered folders.
func (s *State) Array() bool {
	spec, err := s.JobSpec()
	return err == nil && spec.Tasks > 1
}

// writeWhole replaces a file atomically, so that a crash leaves the old or the new
// contents.
func writeWhole(path string, content []byte, mode fs.FileMode) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".theta-*.tmp")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, osfault.Explain(filepath.Dir(path), err))
	}
	defer os.Remove(file.Name()) //nolint:errcheck // gone after the rename
	_, err = file.Write(content)
	err = errors.Join(err, file.Chmod(mode), file.Sync(), file.Close())
	if err != nil {
		return fmt.Errorf("write %s: %w", path, osfault.Explain(path, err))
	}
	return osfault.Explain(path, osfault.Replace(file.Name(), path))
}
