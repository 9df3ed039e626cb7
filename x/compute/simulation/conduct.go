package simulation

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/thetaedge/theta/x/compute/types"
)

// conduct is how a node treats a task.
type conduct int

const (
	// honest nodes do what they are asked.
	honest conduct = iota
	// lying nodes commit to a result of their own.
	lying
	// idle nodes never commit.
	idle
	// silent nodes commit and never reveal.
	silent
	// closed nodes reveal and never open.
	closed
)

// conductOf is fixed for a node and a task, so that a node acts in character
// from its claim to its last message. Of 32 parts three lie and three fail.
func conductOf(operator, job string, task uint64) conduct {
	switch digestOf("conduct of "+operator, job, task)[0] % 32 {
	case 0, 1, 2:
		return lying
	case 3:
		return idle
	case 4:
		return silent
	case 5:
		return closed
	default:
		return honest
	}
}

// inputMissing says whether nobody can fetch a job's input: one in eight.
func inputMissing(job string) bool { return digestOf("input", job, 0)[0]%8 == 0 }

// digestOf is SHA-256 of a text and a task.
func digestOf(text, job string, task uint64) []byte {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(text+" "+job+" "), task))
	return sum[:]
}

// result is the digest that a node arrives at.
func result(operator, job string, task uint64) []byte {
	if conductOf(operator, job, task) == lying {
		return digestOf("lie of "+operator, job, task)
	}
	return digestOf("result", job, task)
}

// exitCode is part of the result: programs of a third of all jobs fail.
func exitCode(operator, job string, task uint64) uint32 {
	if result(operator, job, task)[0]%3 == 0 {
		return 1
	}
	return 0
}

func salt(operator, job string, task uint64) []byte { return digestOf("salt of "+operator, job, task) }

// tag stands for a node's result in a round.
func tag(chain string, a types.Assignment) []byte {
	return types.Tag(chain, a.JobId, a.Task, a.Round, result(a.Operator, a.JobId, a.Task))
}
