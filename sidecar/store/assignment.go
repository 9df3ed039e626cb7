package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"time"
)

// Key identifies an assignment: this machine's replica of one chunk in one round. Task is the
// index of the chunk's first task.
type Key struct {
	JobID string `json:"job_id"`
	Task  uint64 `json:"task"`
	Round uint32 `json:"round"`
}

// String returns the key for logs and errors.
func (k Key) String() string { return fmt.Sprintf("%s/%d/%d", k.JobID, k.Task, k.Round) }

// Assignment contains everything that this machine has to remember about a piece of work.
type Assignment struct {
	Key
	Phase Phase `json:"phase"`
	// Attempt is the number of the draw of this round in which the machine has last claimed.
	Attempt uint32 `json:"attempt,omitempty"`

	// Count is the number of tasks of the chunk for which the machine was drawn. 0 stands for 1.
	Count uint64 `json:"count,omitempty"`
	// Samples contains the positions in the chunk of the tasks that the machine executes. It is
	// empty if the machine executes the tasks from the first on.
	Samples []uint32 `json:"samples,omitempty"`
	// Judges names the first task of the chunk whose root the machine judges. It is nil if the
	// machine does not judge a whole chunk.
	Judges *Key `json:"judges,omitempty"`
	// Tasks is the number of tasks that the commitment covers. It is 0 before there is a
	// result, and for a chunk of one task.
	Tasks uint64 `json:"tasks,omitempty"`
	// CrashedAt is the number of tasks of the chunk that had a result when the daemon last died
	// while the next one ran.
	CrashedAt uint64 `json:"crashed_at,omitempty"`

	// Samples, Judges, Tasks, Salt, ResultDigest, Trace, OwnTrace, Tag, ExitCode, FailedTasks, Commitment,
	// Manifest and the fuel in Metrics can change until PhaseCommitSent and never after that, because a
	// reveal that does not match its commitment costs the bond.
	Salt []byte `json:"salt,omitempty"`
	// ResultDigest is the SHA-256 of the result manifest, or, for several tasks of a chunk, of
	// the records of their results in the assignment's folder.
	ResultDigest []byte `json:"result_digest,omitempty"`
	// Trace is the program's trace under the key of the task's first round, or of the
	// challenged task. OwnTrace is its trace under the key of this round, if the round has a
	// key of its own.
	Trace    []byte `json:"trace,omitempty"`
	OwnTrace []byte `json:"own_trace,omitempty"`
	// TraceKeys contains the keys of these traces.
	TraceKeys [][]byte `json:"trace_keys,omitempty"`
	Tag       []byte   `json:"tag,omitempty"`
	// ExitCode is the program's exit code in the form that the chain uses. The manifest
	// contains it too.
	ExitCode uint32 `json:"exit_code,omitempty"`
	// FailedTasks is the number of tasks of a chunk whose program did not exit with 0, as the
	// machine states it with the root of the chunk. It is 0 where the chain asks for no number.
	FailedTasks uint32 `json:"failed_tasks,omitempty"`
	Commitment  []byte `json:"commitment,omitempty"`
	// Manifest is the canonical result manifest in journals of version 2; ResultDigest is its
	// SHA-256. A manifest can be several megabytes large, and the journal is read as a whole.
	// Since version 3, the manifest is therefore stored next to the outputs.
	Manifest []byte `json:"manifest,omitempty"`

	// Folder is the folder of the outputs. They are kept until retention ends.
	Folder string `json:"folder,omitempty"`
	// Sink is the address to which the outputs of this task are delivered. It is empty before
	// there is a result, and for work whose outputs are not delivered.
	Sink string `json:"sink,omitempty"`
	// SinkProven reports whether the chain was proven to name this sink.
	SinkProven bool `json:"sink_proven,omitempty"`
	// Work is the digest of what was executed: the spec without its sink.
	Work []byte `json:"work,omitempty"`
	// Requested is the height of the requester's last request to deliver the results of the
	// job again that this record has taken into account.
	Requested int64 `json:"requested,omitempty"`
	// Delivered reports whether the sink has the outputs, whatever the phase is.
	Delivered bool `json:"delivered,omitempty"`
	// DeliveryError explains why the last try to deliver failed. It is empty before the first
	// failure and after a success.
	DeliveryError string `json:"delivery_error,omitempty"`
	// Detail is what this machine's executor reports about a program that did not end well. It
	// is not part of the result.
	Detail    string    `json:"detail,omitempty"`
	Deadlines Deadlines `json:"deadlines"`
	Metrics   Metrics   `json:"metrics"`
	// LastError is the latest error, for the owner.
	LastError string `json:"last_error,omitempty"`
	// Crashes is the number of times that the daemon died while the program ran.
	Crashes uint32 `json:"crashes,omitempty"`
	// Tries is the number of tries of the current step. Advance sets it to 0.
	Tries uint32 `json:"tries,omitempty"`
	// Verdict says how the assignment ended on chain. It is nil until then.
	Verdict *Verdict `json:"verdict,omitempty"`
	// Unknown reports that the assignment is over, but that nothing on chain says how it
	// ended.
	Unknown bool `json:"unknown,omitempty"`
	// Seen is the height of the newest chain state that this record takes into account. An
	// older state is out of date for this assignment.
	Seen int64 `json:"seen,omitempty"`
	// TxHash is the hash of the latest transaction about this assignment.
	TxHash string `json:"tx_hash,omitempty"`

	// CreatedAt and UpdatedAt are set by the journal.
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
	// FinishedAt is the time at which the assignment entered a phase in which no work is left.
	// It is zero before and is set by the journal. Retention starts at this time, because
	// deliveries continue after it.
	FinishedAt time.Time `json:"finished_at,omitzero"`
}

// Several reports whether the result consists of the results of several tasks of a chunk, or
// of samples of one. If it does not, it is the result of the first task.
func (a *Assignment) Several() bool {
	return a.Count > 1 && (len(a.Samples) > 0 || a.Tasks != 1)
}

// Owed reports whether the outputs of an assignment that is over still have to be delivered.
// That is the case if the chain has accepted its result, or if it could not be found out
// whether the chain has.
func (a *Assignment) Owed() bool {
	if a.Delivered || a.Sink == "" || len(a.Samples) > 0 || a.Folder == "" || len(a.ResultDigest) == 0 {
		return false
	}
	return a.Phase == PhaseSettled && a.Verdict != nil && a.Verdict.Accepted ||
		a.Phase == PhaseFailed && a.Unknown
}

// Verdict is the final outcome of an assignment, as it is in the chain's receipt.
type Verdict struct {
	// Status says how the node's part ended, for example paid or slashed.
	Status string `json:"status"`
	// Paid is the gross payment in units of the reward's denom. It is empty if there was none.
	Paid string `json:"paid,omitempty"`
	// Denom is the denom of the reward. It is empty if the job was not known any more, and in records of
	// older programs.
	Denom string `json:"denom,omitempty"`
	// Share is what the node received of the losers' bonds, and Slashed is what it lost of its
	// own, both in units of the bond denom.
	Share   string `json:"share,omitempty"`
	Slashed string `json:"slashed,omitempty"`
	// Height is the height of the settlement.
	Height int64 `json:"height"`
	// Accepted reports whether the task has a result that is this machine's result.
	Accepted bool `json:"accepted,omitempty"`
	// FailedTasks is the number of tasks of the accepted result that earned the attempt fee only,
	// because their program did not exit with 0.
	FailedTasks uint64 `json:"failed_tasks,omitempty"`
}

// Deadlines contains block heights. A height of 0 is not known yet.
type Deadlines struct {
	Claim   int64 `json:"claim,omitempty"`
	Prepare int64 `json:"prepare,omitempty"`
	Commit  int64 `json:"commit,omitempty"`
	Reveal  int64 `json:"reveal,omitempty"`
	Open    int64 `json:"open,omitempty"`
}

// Metrics are reported together with a result but are not part of it.
type Metrics struct {
	Fuel            uint64 `json:"fuel,omitempty"`
	WallMillis      uint64 `json:"wall_millis,omitempty"`
	PeakMemoryBytes uint64 `json:"peak_memory_bytes,omitempty"`
	OutputBytes     uint64 `json:"output_bytes,omitempty"`
	// EnergyMillijoules is nil if the energy was not measured.
	EnergyMillijoules *uint64 `json:"energy_millijoules,omitempty"`
	// EnergySource names the meters in at most 16 characters, for example nvml+rapl/2.
	EnergySource string `json:"energy_source,omitempty"`
	// EnergyMissing says what of the energy was not measured, and why. It stays on this machine.
	EnergyMissing string `json:"energy_missing,omitempty"`
}

// maxJobID bounds the length of a key; bbolt accepts 32 KiB.
const maxJobID = 1024

// bytes encodes a key so that keys are ordered by job, then by task, then by round.
func (k Key) bytes() ([]byte, error) {
	if k.JobID == "" || len(k.JobID) > maxJobID || bytes.IndexByte([]byte(k.JobID), 0) >= 0 {
		return nil, fmt.Errorf("expected a job id of 1 to %d characters without NUL, found %q", maxJobID, k.JobID)
	}
	raw := jobPrefix(k.JobID)
	raw = binary.BigEndian.AppendUint64(raw, k.Task)
	return binary.BigEndian.AppendUint32(raw, k.Round), nil
}

func jobPrefix(jobID string) []byte { return append([]byte(jobID), 0) }

// committed reports whether a commitment of this assignment may have left the machine. A
// failed assignment keeps what it has committed to, because the chain may still ask for it.
func (a *Assignment) committed() bool {
	switch a.Phase {
	case PhaseCommitSent, PhaseCommitted, PhaseRevealed, PhaseOpened:
		return true
	case PhaseClaimed, PhaseAssigned, PhasePreparing, PhaseRunning, PhaseYielding, PhaseExecuted, PhaseReleased:
		return false
	case PhaseSettled, PhaseFailed:
	}
	return len(a.Commitment) > 0
}

// These fields may be empty when a commitment fixes them. A result of several tasks does not
// have a trace of its own.
const (
	manifestField = "manifest"
	traceField    = "trace"
	ownTraceField = "own trace"
	samplesField  = "samples"
	judgesField   = "judges"
)

// mayLack reports whether a field may be empty when a commitment fixes it.
func (a *Assignment) mayLack(field string) bool {
	switch field {
	case manifestField, ownTraceField, samplesField, judgesField:
		return true
	case traceField:
		return a.Several()
	}
	return false
}

// fixed returns the fields that a commitment fixes, by name.
func (a *Assignment) fixed() []struct {
	name  string
	value []byte
} {
	var samples []byte
	for _, position := range a.Samples {
		samples = binary.BigEndian.AppendUint32(samples, position)
	}
	var judges []byte
	if a.Judges != nil {
		judges = []byte(a.Judges.String())
	}
	return []struct {
		name  string
		value []byte
	}{
		{"tasks", binary.BigEndian.AppendUint64(nil, a.Tasks)},
		{samplesField, samples},
		{judgesField, judges},
		{"salt", a.Salt},
		{"result digest", a.ResultDigest},
		{traceField, a.Trace},
		{ownTraceField, a.OwnTrace},
		{"fuel", binary.BigEndian.AppendUint64(nil, a.Metrics.Fuel)},
		{"tag", a.Tag},
		{"exit code", binary.BigEndian.AppendUint32(nil, a.ExitCode)},
		{"failed tasks", binary.BigEndian.AppendUint32(nil, a.FailedTasks)},
		{"commitment", a.Commitment},
		{manifestField, a.Manifest},
	}
}

// checkFixed returns an error if a field that old has committed to was changed.
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

// checkComplete returns an error if a commitment could not be revealed later, because a value
// is missing.
func (a *Assignment) checkComplete() error {
	if a.Phase != PhaseCommitSent {
		return nil
	}
	for _, field := range a.fixed() {
		if len(field.value) == 0 && !a.mayLack(field.name) {
			return fmt.Errorf("%w: assignment %s cannot become %s: expected a %s, found none; journal it before the commit is sent", ErrIncomplete, a.Key, a.Phase, field.name)
		}
	}
	return nil
}
