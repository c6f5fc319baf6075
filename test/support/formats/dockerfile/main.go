// Reads a Dockerfile on standard input with BuildKit's parser and its checks, as `docker build --check` does, and writes
// its stages as JSON.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

type stage struct {
	Base string `json:"base"`
	// Each as one line, for instance `USER node`.
	Commands    []string          `json:"commands"`
	Environment map[string]string `json:"environment"`
}

type result struct {
	Stages   []stage  `json:"stages"`
	Problems []string `json:"problems"`
}

func main() {
	file, err := parser.Parse(os.Stdin)
	if err != nil {
		log.Fatal(err)
	}
	found := result{Stages: []stage{}, Problems: []string{}}
	for _, warning := range file.Warnings {
		found.Problems = append(found.Problems, warning.Short)
	}
	checks := linter.New(&linter.Config{
		Warn: func(rule, _, _, message string, _ []parser.Range) {
			found.Problems = append(found.Problems, rule+": "+message)
		},
	})
	stages, _, err := instructions.Parse(file.AST, checks)
	if err != nil {
		log.Fatal(err)
	}
	for _, parsed := range stages {
		described := stage{Base: parsed.BaseName, Commands: []string{}, Environment: map[string]string{}}
		for _, command := range parsed.Commands {
			described.Commands = append(described.Commands, fmt.Sprint(command))
			if variables, ok := command.(*instructions.EnvCommand); ok {
				for _, pair := range variables.Env {
					described.Environment[pair.Key] = pair.Value
				}
			}
		}
		found.Stages = append(found.Stages, described)
	}
	if err := json.NewEncoder(os.Stdout).Encode(found); err != nil {
		log.Fatal(err)
	}
}
