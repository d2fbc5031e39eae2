"""The command line: one module a command; heavy imports happen inside commands so that help is instant."""
