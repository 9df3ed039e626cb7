package client

import (
	"fmt"
	"strings"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// Stage is what a job waits for.
type Stage string

// The stages in their usual order.
const (
	// StageSeed means that the round's randomness is not published yet.
	StageSeed Stage = "waiting for seed"
	// StageDraw means that nodes enter the draw.
	StageDraw Stage = "drawing nodes"
	// StageExecute means that nodes run the program and commit.
	StageExecute Stage = "executing"
	// StageReveal means that all nodes have committed and reveal their tags.
	StageReveal Stage = "revealing"
	// StageAudit means that the job waits for the seed that decides whether auditors join.
	StageAudit Stage = "waiting for the audit's draw"
	// StageReview means that the requester can reject the result.
	StageReview Stage = "waiting for your review"
	// StageArray means that the tasks of an array run.
	StageArray Stage = "running tasks"
	// StageSettled means that the job has ended.
	StageSettled Stage = "settled"
	// StageOffline means that the node of the chain does not answer; the client keeps
	// asking.
	StageOffline Stage = "node of the chain does not answer, trying again"
)

// Progress is how far a job has come. Counts are those of the current round.
type Progress struct {
	// Stage is what the job waits for.
	Stage Stage
	// Round is 0 for the first round and higher after a disagreement.
	Round uint32
	// Attempt is the number of the round's draws that found too few nodes.
	Attempt uint32
	// Candidates is the number of nodes that have entered the draw.
	Candidates int
	// Assigned, Committed and Revealed count nodes; Target is how many the round needs.
	Assigned, Committed, Revealed, Target int
	// Status is the status of the job.
	Status computetypes.JobStatus
	// ReviewDeadline is the last height at which the requester can reject the result, or 0.
	ReviewDeadline int64
	// Why says what the job waits for when it has not changed for a while; otherwise "".
	Why string
	// Tasks, TasksOpened, TasksEnded and TasksAccepted count the tasks of an array.
	Tasks, TasksOpened, TasksEnded, TasksAccepted uint64
	// ChunksWaiting counts the open chunks without a node.
	ChunksWaiting uint64
}

// String returns one line for a person.
func (p Progress) String() string {
	if p.Why != "" {
		return p.line() + "; waits: " + p.Why
	}
	return p.line()
}

func (p Progress) line() string {
	var parts []string
	switch p.Stage {
	case StageSettled:
		return "settled: " + StatusName(p.Status)
	case StageOffline:
		return string(p.Stage)
	case StageArray:
		return p.tasks()
	case StageReview:
		return fmt.Sprintf("revealed; accept or reject up to height %d, or it counts as accepted", p.ReviewDeadline)
	case StageSeed, StageDraw, StageExecute, StageAudit, StageReveal:
	}
	if p.Round > 0 {
		parts = append(parts, fmt.Sprintf("escalated to round %d", p.Round+1))
	}
	switch {
	case p.Stage == StageSeed && p.Assigned == 0:
		parts = append(parts, string(StageSeed))
	case p.Stage == StageDraw && p.Assigned == 0:
		parts = append(parts, fmt.Sprintf("candidates %d", p.Candidates))
	default:
		parts = append(parts, fmt.Sprintf("assigned %d/%d", p.Assigned, p.Target))
	}
	if p.Attempt > 0 && (p.Stage == StageSeed || p.Stage == StageDraw) {
		parts = append(parts, fmt.Sprintf("draw %d", p.Attempt+1))
	}
	if p.Committed > 0 {
		parts = append(parts, fmt.Sprintf("committed %d/%d", p.Committed, p.Target))
	}
	if p.Stage == StageAudit {
		parts = append(parts, string(StageAudit))
	}
	if p.Stage == StageReveal {
		parts = append(parts, fmt.Sprintf("revealed %d/%d", p.Revealed, p.Target))
	}
	return strings.Join(parts, ", ")
}

// tasks returns the line of an array.
func (p Progress) tasks() string {
	line := fmt.Sprintf("%d of %d tasks ended, %d with a result", p.TasksEnded, p.Tasks, p.TasksAccepted)
	if without := p.TasksEnded - min(p.TasksEnded, p.TasksAccepted); without > 0 {
		line += fmt.Sprintf(" and %d without", without)
	}
	line += fmt.Sprintf("; %d opened", p.TasksOpened)
	switch p.ChunksWaiting {
	case 0:
		return line
	case 1:
		return line + ", and one chunk waits for a node"
	default:
		return fmt.Sprintf("%s, and %d chunks wait for nodes", line, p.ChunksWaiting)
	}
}

// StatusName returns a job's status as a word, such as "COMPLETED".
func StatusName(status computetypes.JobStatus) string {
	return strings.TrimPrefix(status.String(), "JOB_STATUS_")
}

// VerdictName returns how a node's part ended as a word, such as "PAID".
func VerdictName(status computetypes.AssignmentStatus) string {
	return strings.TrimPrefix(status.String(), "ASSIGNMENT_STATUS_")
}

// GuaranteeName returns the guarantee of a result as a word, such as "exact".
func GuaranteeName(guarantee computetypes.Guarantee) string {
	return strings.ToLower(strings.TrimPrefix(guarantee.String(), "GUARANTEE_"))
}

// progressOf returns the progress of a task's current round.
func progressOf(job computetypes.Job, task computetypes.Chunk) Progress {
	p := Progress{Status: job.Status, Stage: StageSeed}
	if len(task.Rounds) == 0 {
		return p
	}
	round := task.Rounds[len(task.Rounds)-1]
	p.Round = uint32(len(task.Rounds) - 1) //nolint:gosec // three rounds at most
	p.Target = int(round.Target)
	p.Assigned = len(round.Replicas)
	p.Committed = int(round.Committed)
	p.Revealed = int(round.Revealed)
	if round.Draw != nil {
		p.Attempt = round.Draw.Attempt
		p.Candidates = len(round.Draw.Candidates)
	}
	switch {
	case round.Phase == computetypes.ROUND_PHASE_AUDIT:
		p.Stage = StageAudit
	case round.Phase == computetypes.ROUND_PHASE_REVIEW:
		p.Stage, p.ReviewDeadline = StageReview, round.ReviewDeadline
	case round.Phase == computetypes.ROUND_PHASE_REVEAL || round.Phase == computetypes.ROUND_PHASE_LEAVES || round.Phase == computetypes.ROUND_PHASE_CLOSED:
		p.Stage = StageReveal
	case round.Draw == nil:
		p.Stage = StageExecute
	case round.Draw.CloseHeight == 0:
		p.Stage = StageSeed
	default:
		p.Stage = StageDraw
	}
	return p
}

// progressOfArray counts the tasks of an array.
func progressOfArray(job computetypes.Job) Progress {
	p := Progress{
		Stage: StageArray, Status: job.Status,
		Tasks: job.Tasks, TasksOpened: job.TasksOpened, TasksEnded: job.TasksEnded, TasksAccepted: job.TasksAccepted,
		ChunksWaiting: job.ChunksWaiting,
	}
	if job.Ended() {
		p.Stage = StageSettled
	}
	return p
}
