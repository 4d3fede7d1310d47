-- The trials that train a network, of `trials`: the others have no epochs to train.
create view classifiers as
select * exclude (theory_settings) from trials
where trainable in (select trainable from trainables where network);
