package documents

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Check returns the errors of a command on a page: words or flags that the program does not
// know. In a whole command, it also checks the number of arguments and the required flags.
func Check(root *cobra.Command, command Command) error {
	found, rest := descend(root, command.Words[1:])
	positions, given, err := arguments(found, rest)
	if err != nil {
		return fmt.Errorf("%s: %s: %w", command.Where, found.CommandPath(), err)
	}
	if found.HasSubCommands() && len(positions) > 0 && strings.ToUpper(positions[0]) != positions[0] {
		return fmt.Errorf("%s: %s has no command %q", command.Where, found.CommandPath(), positions[0])
	}
	if !command.Whole || found.HasSubCommands() || given["help"] {
		return nil
	}
	if err := errors.Join(found.ValidateArgs(positions), missing(found, given)); err != nil {
		return fmt.Errorf("%s: %s: %w", command.Where, found.CommandPath(), err)
	}
	return nil
}

// descend follows the words down the tree of commands as far as possible.
func descend(command *cobra.Command, words []string) (*cobra.Command, []string) {
	for len(words) > 0 {
		child := childOf(command, words[0])
		if child == nil {
			break
		}
		command, words = child, words[1:]
	}
	return command, words
}

func childOf(command *cobra.Command, name string) *cobra.Command {
	for _, child := range command.Commands() {
		if child.Name() == name || child.HasAlias(name) {
			return child
		}
	}
	return nil
}

// arguments separates a command's arguments from its flags.
func arguments(command *cobra.Command, words []string) (positions []string, given map[string]bool, err error) {
	given = make(map[string]bool)
	for i := 0; i < len(words); i++ {
		word := words[i]
		if !strings.HasPrefix(word, "-") || word == "-" {
			positions = append(positions, word)
			continue
		}
		name, _, assigned := strings.Cut(word, "=")
		flag := flagOf(command, name)
		if flag == nil && name != "--help" {
			return nil, nil, fmt.Errorf("there is no flag %s", name)
		}
		given[strings.TrimLeft(name, "-")] = true
		if flag == nil {
			continue
		}
		given[flag.Name] = true
		if !assigned && flag.NoOptDefVal == "" {
			i++
		}
	}
	return positions, given, nil
}

func flagOf(command *cobra.Command, name string) *pflag.Flag {
	if long, ok := strings.CutPrefix(name, "--"); ok {
		return command.Flag(long)
	}
	short := strings.TrimPrefix(name, "-")
	for at := command; at != nil; at = at.Parent() {
		for _, set := range []*pflag.FlagSet{at.Flags(), at.PersistentFlags()} {
			if len(short) == 1 && set.ShorthandLookup(short) != nil {
				return set.ShorthandLookup(short)
			}
		}
	}
	return nil
}

// missing returns an error that names the required flags that were not given.
func missing(command *cobra.Command, given map[string]bool) error {
	var names []string
	command.Flags().VisitAll(func(flag *pflag.Flag) {
		if required := flag.Annotations[cobra.BashCompOneRequiredFlag]; len(required) > 0 && required[0] == "true" && !given[flag.Name] {
			names = append(names, "--"+flag.Name)
		}
	})
	if len(names) > 0 {
		return fmt.Errorf("required flags are missing: %s", strings.Join(names, ", "))
	}
	return nil
}
