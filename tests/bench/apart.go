package bench

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// RunApart measures each step of a scale in a separate process, because what one step leaves
// on the heap would slow down the next. args start this program with the same scale; -parts,
// -nodes and -out select a step.
func RunApart(scale Scale, args []string, dir string, progress Progress) (*Report, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, err
	}
	start, report := time.Now(), newReport(scale)
	for _, step := range scale.Steps() {
		progress("%5.0f s: %s", time.Since(start).Seconds(), step)
		measured, err := runStep(program, args, dir, step)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", step, err)
		}
		report.add(measured)
	}
	report.summarise()
	report.Seconds = time.Since(start).Seconds()
	return report, nil
}

// runStep measures a step in a child process and reads its report.
func runStep(program string, args []string, dir string, step Step) (*Report, error) {
	out := filepath.Join(dir, "step.json")
	args = append(append([]string{}, args...), "-parts", step.Part, "-dir", dir, "-out", out)
	if step.Nodes > 0 {
		args = append(args, "-nodes", strconv.Itoa(step.Nodes))
	}
	child := exec.Command(program, args...)
	child.Stderr = os.Stderr
	if err := child.Run(); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(out)
	if err != nil {
		return nil, err
	}
	measured := &Report{}
	if err := json.Unmarshal(text, measured); err != nil {
		return nil, err
	}
	return measured, os.Remove(out)
}
