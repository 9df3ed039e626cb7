// Command floor shows how many statements tests have run, and fails below the floor.
// Usage: floor PROFILE
package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/thetaedge/theta/tests/coverage"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return errors.New("expected the path of a profile, as in: floor build/coverage.out")
	}
	file, err := os.Open(args[0])
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // read only
	report, err := coverage.Read(file)
	if err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	for _, house := range slices.Sorted(maps.Keys(report.Houses)) {
		count := *report.Houses[house]
		fmt.Printf("%-10s %5.1f%% of %6d statements\n", house, count.Percent(), count.Statements)
	}
	fmt.Printf("%-10s %5.1f%% of %6d statements\n", "total", report.Total.Percent(), report.Total.Statements)
	floor, err := coverage.Floor()
	if err != nil {
		return err
	}
	advice, err := coverage.Check(report.Total, floor)
	if err == nil && advice != "" {
		fmt.Println(advice)
	}
	return err
}
