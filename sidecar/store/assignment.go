package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"time"
)

// Key names an assignment: this machine's replica of one task in one round.
type Key struct {
	JobID string `json:"job_id"`
	Task  uint64 `json:"task"`
	Round uint32 `json:"round"`
}

// String is for logs and errors.
func (k Key) String() string { return fmt.Sprintf("%s/%d/%d", k.JobID, k.Task, k.Round) }

// Assignment is all that this machine must not forget about a piece of work.
type Assignment struct {
	Key
	Phase Phase `json:"phase"`
	// Attempt is the draw of this round in which the machine claimed last.
	Attempt uint32 `json:"attempt,omitempty"`

	// Salt, ResultDigest, Trace, OwnTrace, Tag, ExitCode, Commitment, Manifest and the
	// fuel in Metrics can be changed until PhaseCommitSent and never after: a reveal that does not match its
	// commitment costs the bond.
	Salt         []byte `json:"salt,omitempty"`
	ResultDigest []byte `json:"result_digest,omitempty"`
	// Trace of the program under the key of the task's first round, or of the challenged
	// task; OwnTrace that under the key of this round, where it has one of its own.
	Trace    []byte `json:"trace,omitempty"`
	OwnTrace []byte `json:"own_trace,omitempty"`
	// TraceKeys are the keys under which they were folded.
	TraceKeys [][]byte `json:"trace_keys,omitempty"`
	Tag       []byte   `json:"tag,omitempty"`
	// ExitCode of the program as the chain carries it, which the manifest has too.
	ExitCode   uint32 `json:"exit_code,omitempty"`
	Commitment []byte `json:"commitment,omitempty"`
	// Manifest is the canonical result manifest, whose sha256 is ResultDigest, in
	// journals of version 2. It may have megabytes, and the journal is read as a
	// whole: since then it lies beside the outputs.
	Manifest []byte `json:"manifest,omitempty"`

	// Folder holds the outputs until retention ends.
	Folder string `json:"folder,omitempty"`
	// Sink is where the outputs of this task go; empty before there is a result, and for
	// work that delivers nothing.
	Sink string `json:"sink,omitempty"`
	// SinkProven: the chain was proven to name that sink.
	SinkProven bool `json:"sink_proven,omitempty"`
	// Work is the digest of what was executed: the spec apart from its sink.
	Work []byte `json:"work,omitempty"`
	// Requested is the height at which the requester has last asked for the results of
	// the job again, as far as this record follows it.
	Requested int64 `json:"requested,omitempty"`
	// Delivered tells whether the sink holds the outputs, whatever the phase.
	Delivered bool `json:"delivered,omitempty"`
	// DeliveryError is why the last try to deliver has failed; empty before and after.
	DeliveryError string `json:"delivery_error,omitempty"`
	// Detail is what this machine's executor says of why a program did not end well. It
	// is no part of the result.
	Detail    string    `json:"detail,omitempty"`
	Deadlines Deadlines `json:"deadlines"`
	Metrics   Metrics   `json:"metrics"`
	// LastError is the latest trouble, for the owner to read.
	LastError string `json:"last_error,omitempty"`
	// Crashes counts the deaths of this process while the program ran.
	Crashes uint32 `json:"crashes,omitempty"`
	// Tries counts attempts of the present step; Advance resets it.
	Tries uint32 `json:"tries,omitempty"`
	// Verdict is how it ended on chain; nil before.
	Verdict *Verdict `json:"verdict,omitempty"`
	// Unknown: it is over, and nothing on chain could be read that says how.
	Unknown bool `json:"unknown,omitempty"`
	// Seen is the height of the newest state of the chain that this record knows.
	// What an older state says of it is out of date.
	Seen int64 `json:"seen,omitempty"`
	// TxHash is the latest transaction sent about this assignment.
	TxHash string `json:"tx_hash,omitempty"`

	// CreatedAt and UpdatedAt are set by the journal.
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
	// FinishedAt is when it got a phase in which nothing is left to do, zero before;
	// set by the journal. Retention counts from here: deliveries go on after it.
	FinishedAt time.Time `json:"finished_at,omitzero"`
}

// Owed tells whether the outputs of an assignment that is over are still to be
// delivered: the chain has accepted its result, or nobody could read whether it has.
func (a *Assignment) Owed() bool {
	if a.Delivered || a.Sink == "" || a.Folder == "" || len(a.ResultDigest) == 0 {
		return false
	}
	return a.Phase == PhaseSettled && a.Verdict != nil && a.Verdict.Accepted ||
		a.Phase == PhaseFailed && a.Unknown
}

// Verdict is the chain's last word on an assignment, as its receipt has it.
type Verdict struct {
	// Status names how the node's part ended, such as paid or slashed.
	Status string `json:"status"`
	// Paid is the gross pay in units of the reward's denom, empty for none.
	Paid string `json:"paid,omitempty"`
	// Share of the losers' bond and loss of this node's, in units of the bond denom.
	Share   string `json:"share,omitempty"`
	Slashed string `json:"slashed,omitempty"`
	// Height of settlement.
	Height int64 `json:"height"`
	// Accepted: the task has a result, and it is this machine's.
	Accepted bool `json:"accepted,omitempty"`
}

// Deadlines are block heights; 0 is not known yet.
type Deadlines struct {
	Claim   int64 `json:"claim,omitempty"`
	Prepare int64 `json:"prepare,omitempty"`
	Commit  int64 `json:"commit,omitempty"`
	Reveal  int64 `json:"reveal,omitempty"`
	Open    int64 `json:"open,omitempty"`
}

// Metrics are reported beside a result and are no part of it.
type Metrics struct {
	Fuel            uint64 `json:"fuel,omitempty"`
	WallMillis      uint64 `json:"wall_millis,omitempty"`
	PeakMemoryBytes uint64 `json:"peak_memory_bytes,omitempty"`
	OutputBytes     uint64 `json:"output_bytes,omitempty"`
	// EnergyMillijoules is nil where it was not measured.
	EnergyMillijoules *uint64 `json:"energy_millijoules,omitempty"`
	// EnergySource names the meter, such as nvml or rapl.
	EnergySource string `json:"energy_source,omitempty"`
}

// maxJobID bounds a key; bbolt takes 32 KiB.
const maxJobID = 1024

// bytes orders keys by job, then task, then round.
func (k Key) bytes() ([]byte, error) {
	if k.JobID == "" || len(k.JobID) > maxJobID || bytes.IndexByte([]byte(k.JobID), 0) >= 0 {
		return nil, fmt.Errorf("expected a job id of 1 to %d characters without NUL, found %q", maxJobID, k.JobID)
	}
	raw := jobPrefix(k.JobID)
	raw = binary.BigEndian.AppendUint64(raw, k.Task)
	return binary.BigEndian.AppendUint32(raw, k.Round), nil
}

func jobPrefix(jobID string) []byte { return append([]byte(jobID), 0) }

// committed tells whether a commit of this assignment may have left the machine.
// A failed one keeps what it committed, because the chain may still ask for it.
func (a *Assignment) committed() bool {
	switch a.Phase {
	case PhaseCommitSent, PhaseCommitted, PhaseRevealed, PhaseOpened:
		return true
	case PhaseClaimed, PhaseAssigned, PhasePreparing, PhaseRunning, PhaseExecuted, PhaseReleased:
		return false
	case PhaseSettled, PhaseFailed:
	}
	return len(a.Commitment) > 0
}

// manifestField and ownTraceField may be empty when a commit fixes them.
const (
	manifestField = "manifest"
	ownTraceField = "own trace"
)

// fixed are the fields that a commit fixes, by name.
func (a *Assignment) fixed() []struct {
	name  string
	value []byte
} {
	return []struct {
		name  string
		value []byte
	}{
		{"salt", a.Salt},
		{"result digest", a.ResultDigest},
		{"trace", a.Trace},
		{ownTraceField, a.OwnTrace},
		{"fuel", binary.BigEndian.AppendUint64(nil, a.Metrics.Fuel)},
		{"tag", a.Tag},
		{"exit code", binary.BigEndian.AppendUint32(nil, a.ExitCode)},
		{"commitment", a.Commitment},
		{manifestField, a.Manifest},
	}
}

// checkFixed refuses a change of what old has committed to.
func (a *Assignment) checkFixed(old *Assignment) error {
	if !old.committed() {
		return nil
	}
	before := old.fixed()
	for i, field := range a.fixed() {
		if !bytes.Equal(field.value, before[i].value) {
			return fmt.Errorf("%w: assignment %s is %s: expected %s %x, found %x; reveal what was committed", ErrFixed, a.Key, old.Phase, field.name, before[i].value, field.value)
		}
	}
	return nil
}

// checkComplete refuses to commit what could not be revealed later.
func (a *Assignment) checkComplete() error {
	if a.Phase != PhaseCommitSent {
		return nil
	}
	for _, field := range a.fixed() {
		if len(field.value) == 0 && field.name != manifestField && field.name != ownTraceField {
			return fmt.Errorf("%w: assignment %s cannot become %s: expected a %s, found none; journal it before the commit is sent", ErrIncomplete, a.Key, a.Phase, field.name)
		}
	}
	return nil
}
