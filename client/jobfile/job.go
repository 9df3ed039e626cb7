package jobfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxJobFileBytes is far more than any job needs.
const maxJobFileBytes = 64 << 10

// The block counts of a job file that names none: at 1.5 seconds per block, half a minute
// to fetch inputs, five minutes to commit, and half an hour in total.
const (
	defaultPrepareBlocks  = 20
	defaultCommitBlocks   = 200
	defaultLifetimeBlocks = 1200
)

// Job is a job as a person writes it in a file, in YAML. Unknown fields are refused.
type Job struct {
	// Executor is the executor profile, such as "wasm/1".
	Executor string `yaml:"executor"`
	// Program is the program that each task runs.
	Program Content `yaml:"program"`
	// Args are its arguments, without its own name.
	Args []string `yaml:"args"`
	// Env holds the variables of its environment, by name.
	Env Environment `yaml:"env"`
	// Inputs are the files that it finds below /in, by their paths there.
	Inputs map[string]Content `yaml:"inputs"`
	// Resources bound what the program can use; the same bounds apply on every machine.
	Resources Resources `yaml:"resources"`
	// Seed is the seed of its random numbers.
	Seed Seed `yaml:"seed"`
	// Class is the hardware class of the nodes.
	Class string `yaml:"class"`
	// Policy says how results are verified.
	Policy Policy `yaml:"policy"`
	// Placement says which nodes the job asks for.
	Placement Placement `yaml:"placement"`
	// Tasks is the number of runs; "{task}" in args stands for the number of the run, from
	// 0. The default is 1, or the number of files in array_input.
	Tasks Count `yaml:"tasks"`
	// ArrayInput gives each task a file of its own.
	ArrayInput *ArrayInput `yaml:"array_input"`
	// Chunk is the number of tasks of an array that a node takes at once. The default is
	// "auto" under audits and trust, and otherwise 1.
	Chunk Chunk `yaml:"chunk"`
	// Reward is the pay per replica and task.
	Reward Reward `yaml:"reward"`
	// Grant is the number of the grant that pays for accepted results. The reward may then be
	// left out: it is the grant's price for resources.fuel.
	Grant Count `yaml:"grant"`
	// PrepareBlocks is how long a node can take to find that an input is missing.
	PrepareBlocks Count `yaml:"prepare_blocks"`
	// CommitBlocks is how long a node can take to commit to the results of a chunk.
	CommitBlocks Count `yaml:"commit_blocks"`
	// LifetimeBlocks is how long the first round can take to find its nodes.
	LifetimeBlocks Count `yaml:"lifetime_blocks"`
	// Relay is the base URL of the relay that carries inputs and results.
	Relay string `yaml:"relay"`
}

// Resources bound what a replica can use.
type Resources struct {
	// Fuel is in the unit of the executor profile.
	Fuel Count `yaml:"fuel"`
	// Memory is the highest memory of the program.
	Memory Bytes `yaml:"memory"`
	// Output is the highest size of all output files together.
	Output Bytes `yaml:"output"`
	// Device is the highest memory of the program's tensors. 0 unless the profile has tensors.
	Device Bytes `yaml:"device"`
}

// Load reads the job file at a path. Paths in it become absolute.
func Load(path string) (Job, error) {
	file, err := os.Open(path)
	if err != nil {
		return Job{}, fmt.Errorf("job file: %w", err)
	}
	defer file.Close() //nolint:errcheck // read only
	text, err := io.ReadAll(io.LimitReader(file, maxJobFileBytes+1))
	if err != nil {
		return Job{}, fmt.Errorf("job file %s: %w", path, err)
	}
	job, err := Parse(text)
	if err != nil {
		return Job{}, fmt.Errorf("job file %s: %w", path, err)
	}
	folder, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return Job{}, fmt.Errorf("job file %s: %w", path, err)
	}
	job.resolve(folder)
	return job, nil
}

// Parse reads the text of a job file and fills in defaults. It refuses unknown fields and a
// second document, naming the line, and values that no chain would accept.
func Parse(text []byte) (Job, error) {
	if len(text) > maxJobFileBytes {
		return Job{}, fmt.Errorf("expected at most %d bytes, found more", maxJobFileBytes)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	var job Job
	if err := decoder.Decode(&job); err != nil {
		if errors.Is(err, io.EOF) {
			return Job{}, errors.New("expected a job, found an empty file")
		}
		return Job{}, explainYAML(err)
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return Job{}, errors.New("expected one job, found a second document after ---; use one file per job")
	}
	job.setDefaults()
	return job, job.Validate()
}

// SetInput adds or replaces an input that the --input flag gives as "path=FILE".
func (j *Job) SetInput(assignment string) error {
	name, file, found := strings.Cut(assignment, "=")
	if !found || name == "" || file == "" {
		return fmt.Errorf("expected an input as path=FILE, found %q", assignment)
	}
	absolute, err := filepath.Abs(file)
	if err != nil {
		return fmt.Errorf("input %s: %w", name, err)
	}
	if j.Inputs == nil {
		j.Inputs = make(map[string]Content)
	}
	j.Inputs[name] = Content{Path: absolute}
	return nil
}

func (j *Job) setDefaults() {
	j.Policy.setDefaults(j.array() && j.Chunk.several())
	j.setChunkDefault()
	if j.PrepareBlocks == 0 {
		j.PrepareBlocks = defaultPrepareBlocks
	}
	if j.CommitBlocks == 0 {
		j.CommitBlocks = defaultCommitBlocks
	}
	if j.LifetimeBlocks == 0 {
		j.LifetimeBlocks = defaultLifetimeBlocks
	}
}

// Validate finds missing fields and contradictions. The chain's own rules check the values.
func (j Job) Validate() error {
	switch {
	case j.Executor == "":
		return errors.New(`executor is missing, expected a profile such as "wasm/1"`)
	case j.Class == "":
		return errors.New("class is missing, expected a hardware class such as cpu-small")
	case j.Resources.Fuel == 0:
		return errors.New("resources.fuel is missing, expected how much fuel a replica can use")
	case j.Resources.Memory == 0:
		return errors.New("resources.memory is missing, expected bytes such as 64MiB")
	case j.Resources.Output == 0:
		return errors.New("resources.output is missing, expected bytes such as 1MiB")
	case j.Reward.Missing() && j.Grant == 0:
		return errors.New("reward is missing, expected the pay per replica such as 1tfuel")
	}
	if err := j.Policy.validate(); err != nil {
		return err
	}
	if err := j.validateChunk(); err != nil {
		return err
	}
	if j.ArrayInput != nil {
		if err := j.ArrayInput.validate(); err != nil {
			return err
		}
	}
	if err := j.Program.validate(); err != nil {
		return fmt.Errorf("program: %w", err)
	}
	for name, content := range j.Inputs {
		if err := content.validate(); err != nil {
			return fmt.Errorf("input %s: %w", name, err)
		}
	}
	return nil
}

// ValidateReward refuses a reward in a unit that only the chain knows and that was not read yet.
func (j Job) ValidateReward() error { return j.Reward.known() }

func (j *Job) resolve(folder string) {
	j.Program = j.Program.in(folder)
	if j.ArrayInput != nil {
		j.ArrayInput.Folder = Content{Path: j.ArrayInput.Folder}.in(folder).Path
	}
	for name, content := range j.Inputs {
		j.Inputs[name] = content.in(folder)
	}
}
