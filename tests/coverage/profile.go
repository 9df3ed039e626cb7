package coverage

import (
	"bufio"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// module is the path of this module.
const module = "github.com/thetaedge/theta/"

// Count is a number of statements, and how many of them tests have run.
type Count struct {
	Statements, Run int
}

// Percent returns the share that tests have run, 0 of none.
func (c Count) Percent() float64 {
	if c.Statements == 0 {
		return 0
	}
	return 100 * float64(c.Run) / float64(c.Statements)
}

func (c *Count) add(statements int, run bool) {
	c.Statements += statements
	if run {
		c.Run += statements
	}
}

// Report counts the statements of a profile, in all and by the first folder of their file.
type Report struct {
	Total  Count
	Houses map[string]*Count
}

// block matches a line of a profile: FILE:LINE.COLUMN,LINE.COLUMN STATEMENTS COUNT.
var block = regexp.MustCompile(`^(\S+):(\d+\.\d+,\d+\.\d+) (\d+) (\d+)$`)

// Read counts a profile as go test -coverprofile writes it. A block that the tests of several
// packages report counts once.
func Read(profile io.Reader) (*Report, error) {
	type place struct{ file, span string }
	statements, run := map[place]int{}, map[place]bool{}
	lines := bufio.NewScanner(profile)
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		if strings.HasPrefix(line, "mode: ") {
			continue
		}
		parts := block.FindStringSubmatch(line)
		if parts == nil {
			return nil, fmt.Errorf("line %d: expected FILE:SPAN STATEMENTS COUNT, found %.80q; write the profile with make test COVER=build/coverage.out", n, line)
		}
		file := strings.TrimPrefix(parts[1], module)
		if !Counts(file) {
			continue
		}
		size, err := strconv.Atoi(parts[3])
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		at := place{file, parts[2]}
		statements[at] = size
		run[at] = run[at] || strings.Trim(parts[4], "0") != ""
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	report := &Report{Houses: map[string]*Count{}}
	for at, size := range statements {
		house, _, _ := strings.Cut(at.file, "/")
		if report.Houses[house] == nil {
			report.Houses[house] = &Count{}
		}
		report.Houses[house].add(size, run[at])
		report.Total.add(size, run[at])
	}
	if report.Total.Statements == 0 {
		return nil, fmt.Errorf("expected a profile of this module's packages, found no statement of theirs in it")
	}
	return report, nil
}

// Counts reports whether a file of the module counts: written by hand, and part of a program
// or a library.
func Counts(file string) bool {
	house, _, _ := strings.Cut(file, "/")
	if slices.Contains([]string{"tests", "testutil", "examples"}, house) {
		return false
	}
	name := path.Base(file)
	return !strings.HasSuffix(name, ".pb.go") && !strings.HasSuffix(name, ".pb.gw.go") && !strings.Contains(file, "/simulation/")
}
