#compdef onnxedit
# Completion of onnxedit for zsh. Put this line into ~/.zshrc, behind compinit:
#   source <(onnxedit completion zsh)
_onnxedit_complete() {
    local rest="${(j: :)words[2,CURRENT]}"
    local -a found
    found=(${(f)"$(${words[1]/#\~/$HOME} "[suggest:${#rest}]" "$rest" 2>/dev/null | grep -v -e '^/' -e '^-?$')"})
    compadd -a found
    # Behind the command's name every word that is no option may be a file.
    if (( CURRENT > 2 )) && [[ $PREFIX != -* ]]; then
        _files
    fi
}
compdef _onnxedit_complete onnxedit
