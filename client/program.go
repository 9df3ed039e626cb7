package client

import (
	"errors"
	"fmt"
	"strings"

	"github.com/thetaedge/theta/client/jobfile"
	"github.com/thetaedge/theta/executor/profiles"
	"github.com/thetaedge/theta/executor/wasm"
)

// checkProgram refuses a program that the executor of every node would refuse, with the
// executor's own code, because the requester would pay nodes for finding out. It returns
// why a program could not be checked; "" if it was.
func checkProgram(job jobfile.Job) (unchecked string, err error) {
	switch {
	case !profiles.Known(job.Executor):
		return "this thetad knows only the profiles " + strings.Join(profiles.Names(), " and "), nil
	case len(job.Program.URIs) > 0:
		return "it is named by its address and digest", nil
	}
	file, _, err := openRegular(job.Program.Path)
	if err != nil {
		return "", err
	}
	if err := file.Close(); err != nil {
		return "", err
	}
	return "", checkModule(job.Executor, job.Program.Path, uint64(job.Resources.Memory))
}

// checkModule refuses a program that no node could run within the memory of a task.
func checkModule(profile, path string, memory uint64) error {
	program, err := profiles.Check(profile, path)
	var refusal *wasm.Refusal
	switch {
	case errors.As(err, &refusal):
		return fmt.Errorf("%s: no node can run it: %w; %s", path, refusal, refusal.Advice())
	case err != nil:
		return err
	case program.MemoryBytes > memory:
		return fmt.Errorf("%s: the program starts with %d bytes of memory, resources.memory allows %d; raise it to more than the first",
			path, program.MemoryBytes, memory)
	}
	return nil
}
