// Package decimal makes a command line read numbers in base ten. The library behind it
// takes a number that begins with a zero as octal, so that 010 would be eight.
package decimal

import (
	"fmt"
	"regexp"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

var (
	// leadingZero is a number, with or without the rest of an amount, whose digits
	// begin with a zero before another digit.
	leadingZero = regexp.MustCompile(`^[+-]?0[0-9_]*[0-9]`)
	// number is text of digits only.
	number = regexp.MustCompile(`^[+-]?[0-9_]+$`)
	// amount is a number with a fraction or a denom.
	amount = regexp.MustCompile(`^[+-]?[0-9_]+(\.[0-9]+)?[a-zA-Z][a-zA-Z0-9/:._-]{2,127}$`)
)

// Flags makes every flag with a whole number, of a command and of the commands below it,
// refuse numbers with leading zeros.
func Flags(command *cobra.Command) {
	for _, flags := range []*pflag.FlagSet{command.Flags(), command.PersistentFlags()} {
		flags.VisitAll(func(flag *pflag.Flag) {
			if _, wrapped := flag.Value.(strict); !wrapped && whole(flag.Value.Type()) {
				flag.Value = strict{flag.Value}
			}
		})
	}
	for _, child := range command.Commands() {
		Flags(child)
	}
}

// whole reports whether a flag's type is one of the library's whole numbers.
func whole(kind string) bool {
	switch kind {
	case "int", "int8", "int16", "int32", "int64", "uint", "uint8", "uint16", "uint32", "uint64":
		return true
	default:
		return false
	}
}

// strict is the value of a flag that refuses leading zeros.
type strict struct{ pflag.Value }

// Set implements pflag.Value.
func (s strict) Set(text string) error {
	if leadingZero.MatchString(text) {
		return fmt.Errorf("expected a number without leading zeros, found %q", text)
	}
	return s.Value.Set(text)
}

// Args refuses arguments that are numbers with leading zeros. If amounts is true, it also
// refuses amounts that begin with such a number. Commands that are made from a schema pass
// arguments on as text, and the chain refuses them.
func Args(args []string, amounts bool) error {
	for _, arg := range args {
		if leadingZero.MatchString(arg) && (number.MatchString(arg) || (amounts && amount.MatchString(arg))) {
			return fmt.Errorf("expected a number without leading zeros, found %q", arg)
		}
	}
	return nil
}
